import t from 'tap'
import { LogWriter } from '../dist/streams/log-writer.js'
import { Gate } from '@holdfast/waiting'

interface Call { messages: readonly string[], end: boolean, head: boolean }

function writer (
  t: { end?: unknown },
  answers: Array<number | undefined> = []
): { writer: LogWriter, appended: Call[], delivered: unknown[][], release: () => void } {
  const appended: Call[] = []
  const delivered: unknown[][] = []
  let gate = new Gate()
  let last = 0
  const append = async (
    messages: readonly string[], { end, head }: { end?: boolean, head?: Uint8Array }
  ): Promise<number | undefined> => {
    appended.push({ messages, end: end === true, head: head !== undefined })
    await gate.passed
    gate = new Gate()
    if (answers.length > 0) return answers.shift()
    return (last += messages.length)
  }
  return {
    appended,
    delivered,
    release: () => gate.open(),
    writer: new LogWriter(append, (...args) => delivered.push(args), Buffer.from('head'))
  }
}

t.test('what waits while one append is under way goes together, in order', async (t) => {
  const { writer: stream, appended, delivered, release } = writer(t)
  const first = stream.write(['a'])
  const others = [stream.write(['b', 'c']), stream.write([]), stream.write(['d'])]
  t.same(appended, [{ messages: ['a'], end: false, head: true }])
  t.same(delivered, [], 'nothing is handed on before it is durable')
  release()
  await first
  t.same(delivered, [[1, ['a'], false]])
  release()
  await Promise.all(others)
  t.same(appended.slice(1), [{ messages: ['b', 'c', 'd'], end: false, head: false }], 'the head is stored once')
  t.same(delivered.slice(1), [[2, ['b', 'c', 'd'], false]])
})

t.test('the end goes with the messages before it', async (t) => {
  const { writer: stream, appended, delivered, release } = writer(t)
  const writes = [stream.write(['a']), stream.write(['b']), stream.write(['c'], true)]
  release()
  await writes[0]
  release()
  await Promise.all(writes)
  t.same(appended.map(({ end }) => end), [false, true])
  t.same(delivered, [[1, ['a'], false], [2, ['b', 'c'], true]])
})

t.test('an append without messages says where the stream stands', async (t) => {
  const { writer: stream, delivered, release } = writer(t)
  const write = stream.write([])
  release()
  await write
  t.same(delivered, [[1, [], false]])
})

t.test('what cannot be logged is handed on without a position, and the head is tried again', async (t) => {
  const { writer: stream, appended, delivered, release } = writer(t, [undefined, 1])
  for (const message of ['a', 'b']) {
    const write = stream.write([message])
    release()
    await write
  }
  t.same(delivered, [[undefined, ['a'], false], [1, ['b'], false]])
  t.same(appended.map(({ head }) => head), [true, true])
})
