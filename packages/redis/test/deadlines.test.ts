import t from 'tap'
import { Deadlines } from '../dist/deadlines.js'
import { compute } from './fixtures/busy.js'
import { turns } from './fixtures/turns.js'

const never = new Promise(() => {})
const keep = setInterval(() => {}, 1000) // deadlines keep no process alive
t.teardown(() => { clearInterval(keep) })

/** Deadlines over what a test says of the connection. */
function given (
  ms: number,
  { found = 'silent' as 'moving' | 'silent' | 'lost', silent = true, busy = (): boolean => false } = {}
) {
  const looks: number[] = []
  const state = { found, looks }
  const deadlines = new Deadlines(ms, () => new Error('late'), {
    look: (passed) => { looks.push(passed); return state.found },
    silent: () => silent,
    busy
  })
  return { deadlines, state }
}

t.test('what waits in vain is given up in time', async (t) => {
  const { deadlines } = given(500)
  const given500 = deadlines.limit(never).then(() => 'answered', (error: Error) => error.message)
  t.equal(await Promise.race([given500, turns(28)]), 'late')
  t.ok(deadlines.time >= 500 && deadlines.time < 600)
})

t.test('a turn in which this process computed counts as one look', async (t) => {
  const { deadlines, state } = given(500)
  const waiting = deadlines.limit(never).then(() => 'answered', (error: Error) => error.message)
  for (let i = 0; i < 10; i++) {
    compute(100)
    await turns(1)
  }
  t.ok(deadlines.time <= 25 * state.looks.length && deadlines.time < 500, `${deadlines.time}`)
  t.ok(state.looks.every((passed) => passed <= 25))
  t.equal(await waiting, 'late')
})

t.test('where nobody has a call, turns of a busy process count, and those with long computing do not', async (t) => {
  const { deadlines } = given(10_000, { found: 'lost' })
  deadlines.limit(never).catch(() => {})
  compute(90)
  await turns(1)
  t.ok(deadlines.time >= 90, `${deadlines.time}`)
  const before = deadlines.time
  compute(2_000)
  await turns(1)
  t.ok(deadlines.time - before < 1_000, `${deadlines.time - before}`)
})

t.test('while something moves, nothing counts, but not for ever', async (t) => {
  const { deadlines, state } = given(50, { found: 'moving' })
  const waiting = deadlines.limit(never).then(() => 'answered', (error: Error) => error.message)
  t.equal(await Promise.race([waiting, turns(10)]), 'too late')
  t.equal(deadlines.time, 0)
  t.equal(await waiting, 'late')
  t.ok(state.looks.length >= 20, `${state.looks.length}`)
})

t.test('when nothing was answered meanwhile, nobody waits any longer; otherwise each waits its time', async (t) => {
  for (const silent of [true, false]) {
    const { deadlines } = given(100, { silent })
    const order: string[] = []
    const first = deadlines.limit(never).catch(() => { order.push('first') })
    await turns(2)
    const second = deadlines.limit(never).catch(() => { order.push('second') })
    await first
    t.equal(order.length, silent ? 2 : 1)
    await second
    t.strictSame(order, ['first', 'second'])
  }
})

t.test('it looks on while the watch is busy, and stops after', async (t) => {
  let more = 3
  const { deadlines, state } = given(1000, { busy: () => --more > 0 })
  await deadlines.limit(Promise.resolve())
  await t.rejects(deadlines.limit(Promise.reject(new Error('refused'))), { message: 'refused' })
  await turns(10)
  t.equal(state.looks.length, 3)
})
