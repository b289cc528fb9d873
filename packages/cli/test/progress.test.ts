import { PassThrough } from 'node:stream'
import t from 'tap'
import type { Io } from '../dist/io.js'
import { withProgress } from '../dist/progress.js'

/** A terminal, and a clock that the test sets. */
function terminal () {
  const stderr = Object.assign(new PassThrough().setEncoding('utf8'), { isTTY: true })
  const clock = { now: 0 }
  const io: Io = {
    env: {},
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr,
    now: () => clock.now,
    interrupted: new AbortController().signal
  }
  return { io, clock, drawings: () => String(stderr.read() ?? '').split('\r').slice(1) }
}

t.test('on a terminal the bar is drawn ten times a second at most, and at the end', async (t) => {
  const { io, clock, drawings } = terminal()
  await withProgress(io, 'migrated', 4, async (at) => {
    at(1)
    clock.now = 100
    at(2)
    at(3)
  })
  t.strictSame(drawings(), [
    `migrated ${'░'.repeat(40)} 0 of 4\u001b[K`,
    `migrated ${'█'.repeat(20)}${'░'.repeat(20)} 2 of 4\u001b[K`,
    `migrated ${'█'.repeat(40)} 4 of 4\u001b[K\n`
  ])
})

t.test('the total is an estimate: more is shown as all, and none as full', async (t) => {
  const more = terminal()
  await t.rejects(withProgress(more.io, 'exported', 2, async (at) => {
    at(5)
    throw new Error('it stopped')
  }), /it stopped/)
  t.match(more.drawings().at(-1), / 2 of 2/)
  const none = terminal()
  await withProgress(none.io, 'exported', 0, async () => {})
  t.match(none.drawings(), [/█ 0 of 0/, /█ 0 of 0/])
})

t.test('what fails stays where it was', async (t) => {
  const { io, drawings } = terminal()
  await t.rejects(withProgress(io, 'exported', 4, async (at) => {
    at(1)
    throw new Error('it stopped')
  }), /it stopped/)
  t.equal(drawings().at(-1), `exported ${'█'.repeat(10)}${'░'.repeat(30)} 1 of 4\u001b[K\n`)
})
