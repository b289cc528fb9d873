import t from 'tap'
import { Deadlines } from '../dist/deadlines.js'
import { compute } from './fixtures/busy.js'
import { turns } from './fixtures/turns.js'

const never = new Promise(() => {})
const keep = setInterval(() => {}, 1000) // deadlines keep no process alive
t.teardown(() => { clearInterval(keep) })

/** Deadlines with a connection whose state the test sets. */
function given (
  ms: number,
  { found = 'silent' as 'moving' | 'silent' | 'lost', unanswered = true, busy = (): boolean => false } = {}
) {
  const looks: number[] = []
  const state = { found, looks }
  const deadlines = new Deadlines(ms, () => new Error('late'), {
    look: (passed) => { looks.push(passed); return state.found },
    timedOut: () => unanswered,
    busy
  })
  return { deadlines, state }
}

t.test('a promise that does not settle is rejected in time', async (t) => {
  const { deadlines } = given(500)
  const given500 = deadlines.limit(never).then(() => 'answered', (error: Error) => error.message)
  t.equal(await Promise.race([given500, turns(28)]), 'late')
  t.ok(deadlines.time >= 500 && deadlines.time < 600)
})

t.test('a turn of the event loop in which this process computed counts as one look', async (t) => {
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

t.test('when calls are lost, turns of a busy process count, and long computations do not', async (t) => {
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

t.test('while bytes move, no time counts, up to the hard limit', async (t) => {
  const { deadlines, state } = given(50, { found: 'moving' })
  const waiting = deadlines.limit(never).then(() => 'answered', (error: Error) => error.message)
  t.equal(await Promise.race([waiting, turns(10)]), 'too late')
  t.equal(deadlines.time, 0)
  t.equal(await waiting, 'late')
  t.ok(state.looks.length >= 20, `${state.looks.length}`)
})

t.test('when no call was answered meanwhile, all time out with the first; otherwise each on its own', async (t) => {
  for (const unanswered of [true, false]) {
    const { deadlines } = given(100, { unanswered })
    const order: string[] = []
    const first = deadlines.limit(never).catch(() => { order.push('first') })
    await turns(2)
    const second = deadlines.limit(never).catch(() => { order.push('second') })
    await first
    t.equal(order.length, unanswered ? 2 : 1)
    await second
    t.strictSame(order, ['first', 'second'])
  }
})

t.test('it goes on looking while the watch is busy, and stops afterwards', async (t) => {
  let more = 3
  const { deadlines, state } = given(1000, { busy: () => --more > 0 })
  await deadlines.limit(Promise.resolve())
  await t.rejects(deadlines.limit(Promise.reject(new Error('refused'))), { message: 'refused' })
  await turns(10)
  t.equal(state.looks.length, 3)
})
