import { once } from 'node:events'
import t from 'tap'
import { EventStream, type LogPage } from '../dist/streams/event-stream.js'
import { Events, Gate, turns } from '@holdfast/waiting'

/** A log in an array, read in pages of three, and what the stream said of itself. */
class Log {
  readonly messages: string[] = []
  readonly sent: number[] = []
  readonly failures: unknown[] = []
  ended = false
  cut = 0
  closed = 0
  reads = 0
  page = 3
  floor = 0
  gate: Gate | undefined
  failing: Error | undefined

  stream (position = 0, maxBuffered = 100_000): EventStream {
    return new EventStream('s', position, {
      read: async position => await this.read(position),
      sent: position => { this.sent.push(position) },
      cut: () => { this.cut++ },
      closed: () => { this.closed++ },
      failed: error => { this.failures.push(error) }
    }, { maxBuffered, retry: 7, stallTimeout: 100 })
  }

  append (...messages: string[]): number {
    this.messages.push(...messages)
    return this.messages.length - messages.length + 1
  }

  async read (position: number): Promise<LogPage> {
    this.reads++
    await this.gate?.passed
    if (this.failing !== undefined) throw this.failing
    const after = Math.max(position, this.floor)
    const messages = this.messages.slice(after, after + this.page)
    return { after, messages, ended: this.ended && after + messages.length === this.messages.length }
  }
}

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index))
const ids = (events: Events): unknown[] => events.seen.filter(({ data }) => data).map(({ id, data }) => `${id}=${data}`)

t.test('a response begins with a place to resume from, where the client understands one', async (t) => {
  const log = new Log()
  for (const [priming, first] of [[true, { id: 's.4', retry: '7', data: '' }], [false, { retry: '7' }]] as const) {
    const stream = log.stream(4)
    stream.begin(priming)
    stream.finish()
    const events = new Events(stream)
    t.same(await events.rest(), [])
    t.same(events.seen, [first])
  }
})

t.test('what is offered in order goes straight out', async (t) => {
  const log = new Log()
  const stream = log.stream()
  stream.offer(log.append('1', '2'), ['1', '2'], false)
  stream.offer(3, [], false)
  stream.offer(log.append('3'), ['3'], true)
  const events = new Events(stream)
  t.same(await events.rest(), [1, 2, 3])
  t.same(ids(events), ['s.1=1', 's.2=2', 's.3=3'])
  t.equal(log.reads, 0)
  t.same(log.sent, [2, 3])
})

t.test('after a gap the response reads on from the log, each message once', async (t) => {
  const log = new Log()
  const stream = log.stream()
  log.append(...numbers(1, 7))
  stream.offer(8, [String(log.append('8'))], false)
  stream.offer(7, ['7'], false)
  const events = new Events(stream)
  for (let number = 1; number <= 8; number++) t.equal(await events.message(), number)
  log.ended = true
  stream.offer(log.append('9'), ['9'], true)
  t.same(await events.rest(), [9])
  t.same(ids(events), numbers(1, 9).map(n => `s.${n}=${n}`))
})

t.test('what is offered while it reads is not lost', async (t) => {
  const log = new Log()
  log.gate = new Gate()
  const stream = log.stream()
  log.append('1')
  stream.wake()
  stream.offer(log.append('2'), ['2'], false)
  stream.wake()
  log.gate.open()
  log.ended = true
  t.same(await new Events(stream).rest(), [1, 2])
  t.same(log.sent, [2])
})

t.test('a log that lost its beginning goes on where it can', async (t) => {
  const log = new Log()
  log.append(...numbers(1, 5))
  log.floor = 3
  log.ended = true
  const stream = log.stream(1)
  stream.wake()
  const events = new Events(stream)
  t.same(await events.rest(), [4, 5])
  t.same(ids(events), ['s.4=4', 's.5=5'])
})

t.test('it reads the log at the pace of its client', async (t) => {
  const log = new Log()
  const big = numbers(1, 40).map(n => `"${n}${'x'.repeat(4_000)}"`)
  log.append(...big)
  log.ended = true
  const stream = log.stream()
  stream.wake()
  await turns()
  t.ok(stream.readableLength < 30_000, `${stream.readableLength} wait`)
  t.ok(log.reads < 4)
  t.equal((await new Events(stream).rest()).length, 40)
})

t.test('a reader that stalls is cut, and what it missed is in the log', async (t) => {
  const log = new Log()
  const stream = log.stream(0, 10_000)
  stream.begin(true)
  const events = new Events(stream)
  await events.block()
  for (let n = 1; n <= 40 && !stream.destroyed; n++) {
    const message = `"${n}${'x'.repeat(1_000)}"`
    stream.offer(log.append(message), [message], false)
    t.ok(stream.readableLength < 12_000)
    await turns(1)
  }
  t.ok(stream.destroyed)
  t.same(await events.rest(), [])
  t.ok(events.cut)
  t.equal(log.cut, 1)
  t.equal(log.closed, 1)
  t.equal(events.cursor, 's.0')

  log.ended = true
  const again = log.stream(0)
  again.wake()
  t.equal((await new Events(again).rest()).length, log.messages.length)
})

t.test('one message that is larger than what may wait is sent', async (t) => {
  const log = new Log()
  const stream = log.stream(0, 1_000)
  stream.begin(true)
  const large = `"${'x'.repeat(5_000)}"`
  stream.offer(log.append(large), [large], false)
  t.notOk(stream.destroyed)
  const events = new Events(stream)
  t.equal((await events.message()).length, 5_000)
  log.ended = true
  stream.offer(log.append('2'), ['2'], true)
  t.same(await events.rest(), [2])
})

t.test('a burst before anybody reads does not cut the response', async (t) => {
  const log = new Log()
  const stream = log.stream(0, 1_000)
  stream.begin(true)
  for (let n = 1; n <= 100; n++) {
    const message = `"${n}${'x'.repeat(500)}"`
    stream.offer(log.append(message), [message], false)
  }
  t.ok(stream.readableLength < 30_000, `${stream.readableLength} wait`)
  log.ended = true
  const events = new Events(stream)
  t.equal((await events.rest()).length, 100)
  t.same(ids(events).length, new Set(ids(events)).size)
})

t.test('what is in no log goes out without an id', async (t) => {
  const log = new Log()
  const stream = log.stream()
  stream.offerUnlogged(['1'], false)
  stream.offer(log.append('2'), ['2'], false)
  stream.offerUnlogged(['3'], true)
  stream.offerUnlogged(['4'], true)
  const events = new Events(stream)
  t.same(await events.rest(), [1, 2, 3])
  t.same(ids(events), ['undefined=1', 's.1=2', 'undefined=3'])
})

t.test('a stalled reader is cut from what is in no log, too', async (t) => {
  const log = new Log()
  const stream = log.stream(0, 1_000)
  const events = new Events(stream)
  stream.offerUnlogged(['1'], false)
  t.equal(await events.message(), 1)
  for (let n = 0; n < 50; n++) stream.offerUnlogged([`"${'x'.repeat(1_000)}"`], false)
  t.ok(stream.destroyed)
  t.equal(log.cut, 1)
})

t.test('what is in no log waits for its reader, however much it is', async (t) => {
  const stream = new Log().stream(0, 1_000)
  for (let n = 0; n < 50; n++) stream.offerUnlogged([`"${'x'.repeat(1_000)}"`], n === 49)
  t.equal((await new Events(stream).rest()).length, 50)
})

t.test('an idle response is kept alive, a busy or ended one needs no comment', async (t) => {
  const log = new Log()
  const stream = log.stream()
  stream.offer(log.append('1'), ['1'], false)
  stream.keepAlive()
  const events = new Events(stream)
  t.equal(await events.message(), 1)
  stream.keepAlive()
  t.same(await events.block(), { comment: true })
  stream.finish()
  stream.keepAlive()
  t.same(await events.rest(), [])
  t.equal(events.seen.filter(({ comment }) => comment).length, 1)
})

t.test('a response that is finished with a hint makes its client come back', async (t) => {
  const stream = new Log().stream()
  stream.finish(true)
  stream.finish()
  const events = new Events(stream)
  t.same(await events.rest(), [])
  t.same(events.seen, [{ retry: '7' }])
  t.notOk(events.cut)
})

t.test('nothing follows the end', async (t) => {
  const log = new Log()
  const stream = log.stream()
  stream.offer(log.append('1'), ['1'], true)
  stream.offer(log.append('2'), ['2'], false)
  stream.wake()
  t.same(await new Events(stream).rest(), [1])
})

t.test('a client that goes away while the log is read ends the reading', async (t) => {
  const log = new Log()
  log.append(...numbers(1, 40).map(n => `"${n}${'x'.repeat(4_000)}"`))
  const waiting = log.stream()
  waiting.wake()
  await turns()
  const { reads } = log
  waiting.destroy()
  await turns()
  t.equal(log.reads, reads)

  log.gate = new Gate()
  const reading = log.stream()
  reading.wake()
  reading.destroy()
  log.gate.open()
  await turns()
  t.equal(log.reads, reads + 1)
  t.equal(log.closed, 2)
})

t.test('a log that cannot be read ends the response in order', async (t) => {
  const log = new Log()
  log.failing = new Error('down')
  const stream = log.stream()
  stream.wake()
  const events = new Events(stream)
  t.same(await events.rest(), [])
  t.notOk(events.cut)
  t.match(events.seen.at(-1), { retry: /^\d+$/ }, 'and the client is told when to come back')
  t.same(log.failures, [log.failing])
})

t.test('a response that falls silent stops in the middle of the log', async (t) => {
  const log = new Log()
  log.append(...numbers(1, 40).map(n => `"${n}${'x'.repeat(8_000)}"`))
  const stream = log.stream()
  stream.wake()
  await turns()
  const { position } = stream
  stream.passive = true
  const events = new Events(stream)
  for (let n = 1; n <= position; n++) await events.message()
  await turns()
  t.equal(stream.position, position)
  t.same(log.sent.length, Math.floor(position / 3))
})

t.test('a response that goes on for another does not fall back to what it was reading', async (t) => {
  const log = new Log()
  log.append(...numbers(1, 5))
  log.gate = new Gate()
  const stream = log.stream()
  stream.wake()
  stream.moveTo(4)
  stream.wake()
  log.gate.open()
  log.ended = true
  const events = new Events(stream)
  t.same(await events.rest(), [5])
  t.same(ids(events), ['s.5=5'])
})

t.test('a response that goes on for another while its client is slow does not mix the places', async (t) => {
  const log = new Log()
  log.append(...numbers(1, 9).map(n => `"${n}${'x'.repeat(20_000)}"`))
  const stream = log.stream()
  stream.wake()
  await turns()
  t.equal(stream.position, 1)
  stream.passive = true
  stream.passive = false
  stream.moveTo(7)
  stream.wake()
  log.ended = true
  const events = new Events(stream)
  t.same((await events.rest()).map(message => message[0]), ['1', '8', '9'])
  t.same(events.seen.map(({ id }) => id), ['s.1', 's.8', 's.9'])
})

t.test('a reader that leaves in the middle of an event ends the reading', async (t) => {
  const log = new Log()
  log.append(...numbers(1, 3).map(n => `"${n}${'x'.repeat(40_000)}"`))
  const stream = log.stream()
  stream.on('data', () => { stream.destroy() })
  await turns()
  stream.wake()
  await turns()
  t.equal(log.closed, 1)
  t.equal(stream.position, 1)
})

t.test('a reader that takes nothing of what waits for it is cut, one that takes a little is not', async (t) => {
  const log = new Log()
  // Before the stream begins, which counts from its own beginning.
  const now = performance.now()
  const stream = log.stream(0, 1_000_000)
  const text = 'x'.repeat(100_000)
  stream.offer(log.append(text), [text], false)
  stream.checkReader(now)
  stream.checkReader(now + 99)
  t.equal(log.cut, 0)
  for (let step = 1; step < 5; step++) {
    t.ok(stream.read(1))
    stream.checkReader(now + step * 90)
  }
  t.equal(log.cut, 0)
  stream.checkReader(now + 4 * 90 + 100)
  t.equal(log.cut, 1)
  t.ok(stream.destroyed)
})

t.test('a reader for whom nothing waits may take as long as it likes', async (t) => {
  const log = new Log()
  const stream = log.stream()
  for (let after = 0; after < 1_000; after += 50) stream.checkReader(performance.now() + after)
  t.equal(log.cut, 0)
  stream.finish()
  stream.checkReader(performance.now() + 2_000)
  t.equal(log.cut, 1, 'but it has to take the end')
})

t.test('a long message goes out in pieces, none of which divides a character', async (t) => {
  const log = new Log()
  for (const shift of ['', 'x']) {
    const text = JSON.stringify(shift + '\u{1f41f}'.repeat(20_000))
    const stream = log.stream(log.messages.length)
    stream.offer(log.append(text), [text], true)
    const pieces: string[] = []
    stream.on('data', piece => { pieces.push(Buffer.from(piece).toString()) })
    await once(stream, 'close')
    t.ok(pieces.length > 1)
    t.match(pieces.join(''), text)
  }
})
