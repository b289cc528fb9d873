import t from 'tap'
import { memory } from '@holdfast/memory'
import { allEvents, allMessages, events, nextMessage } from '@holdfast/clients/events'
import { latch } from './fixtures/latch.js'
import { RawClient, valueOf } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { type Call, type Tools, echo, say, serving } from './fixtures/tools.js'

/** A tool that says a number whenever it is told to, and ends at 6. */
function counting (): { tools: Tools, go: () => void } {
  let gate = latch()
  const count = async (call: Call): Promise<string> => {
    for (let number = 1; number <= 6; number++) {
      await gate.opened
      gate = latch()
      await say(call, number)
    }
    return 'done'
  }
  return { tools: { ...echo, count }, go: () => gate.open() }
}

const data = ({ message }: { message?: any }): unknown => message?.params?.data ?? valueOf(message)

t.test('a stream is resumed in the middle of its call: each event once, the rest live', async t => {
  const { tools, go } = counting()
  const { url } = await start(t, { createServer: serving(tools) })
  const client = await RawClient.open(url)
  go()
  const away = new AbortController()
  const stream = events(await client.start('count', {}, away.signal))
  const first = await nextMessage(stream)
  go()
  t.equal(data(await nextMessage(stream)), 2)
  away.abort()
  go()
  await client.call('echo')
  const resumed = events(await client.resume(first.id as string))
  const heard = [first, await nextMessage(resumed), await nextMessage(resumed)]
  go()
  heard.push(await nextMessage(resumed))
  go()
  heard.push(await nextMessage(resumed))
  const again = events(await client.resume(heard[3]?.id as string))
  heard.length = 4
  heard.push(await nextMessage(again))
  go()
  heard.push(await nextMessage(again), await nextMessage(again))
  t.strictSame(heard.map(data), [1, 2, 3, 4, 5, 6, 'done'])
  t.equal(new Set(heard.map(({ id }) => id)).size, 7)
  t.equal((await again.next()).done, true, 'and ends after the result')
})

t.test('a finished stream is replayed from anywhere, and is over at its end', async t => {
  const { url } = await start(t, {
    createServer: serving({
      talk: async call => {
        for (const n of [1, 2, 3]) await say(call, n)
        return 'done'
      }
    })
  })
  const client = await RawClient.open(url)
  const heard = await allEvents(await client.start('talk'))
  for (const [index, { id }] of heard.entries()) {
    const response = await client.resume(id as string)
    if (index === heard.length - 1) {
      t.equal(response.status, 204)
      t.equal(await response.text(), '')
    } else {
      t.strictSame((await allMessages(response)), heard.slice(index + 1).map(({ message }) => message))
    }
  }
})

t.test('a Last-Event-ID that is none of this session\'s is refused', async t => {
  const { url } = await start(t, {
    createServer: serving({
      ...echo,
      talk: async call => {
        await say(call, 1)
        return 'done'
      }
    })
  })
  const [client, other] = [await RawClient.open(url), await RawClient.open(url)]
  const [, foreign] = await allEvents(await other.start('talk'))
  const [, own] = await allEvents(await client.start('talk'))
  const invalid = [
    foreign?.id as string, 'x', '0', '..', 'a.b.c', 'x'.repeat(8000), 'standalone', 'standalone.-1',
    'standalone.1.5', '__proto__.1', `${own?.id}x`, '0123456789abcdef.1.1', 'standalone.9999999999999999', '*'
  ]
  for (const id of invalid) {
    const response = await client.resume(id)
    t.equal(response.status, 400, id.slice(0, 40))
    t.match(await response.json(), { jsonrpc: '2.0', id: null, error: { code: -32000, message: /Last-Event-ID/ } })
  }
  const beyond = await client.resume((own?.id as string).replace(/\d+$/, '999'))
  t.equal(beyond.status, 204, 'beyond the end there is nothing')
  t.strictSame(await client.call('echo', {}), {})
})

t.test('a client whose place in the log is gone is told so', async t => {
  const { url } = await start(t, {
    backend: memory({ maxEntries: 3 }),
    createServer: serving({ talk: async call => { for (let n = 0; n < 10; n++) await say(call, n); return 'done' } })
  })
  const client = await RawClient.open(url)
  const heard = await allEvents(await client.start('talk'))
  const messages = await allMessages(await client.resume(heard[1]?.id as string))
  t.match(messages, [{ jsonrpc: '2.0', id: 1, error: { message: /lost/ } }])
  t.equal(messages.length, 1)
})

t.test('several calls resume independently of each other', async t => {
  const gates = [latch(), latch()]
  const { url } = await start(t, {
    createServer: serving({
      talk: async call => {
        await say(call, `${call.args.n} begins`)
        await gates[call.args.n]?.opened
        return call.args.n
      }
    })
  })
  const client = await RawClient.open(url)
  const firsts = await Promise.all([0, 1].map(async n => {
    const away = new AbortController()
    const first = await nextMessage(events(await client.start('talk', { n }, away.signal)))
    away.abort()
    return first
  }))
  const resumed = await Promise.all(firsts.map(async ({ id }) => await client.resume(id as string)))
  gates[1]?.open()
  gates[0]?.open()
  for (const [n, response] of resumed.entries()) t.strictSame((await allMessages(response)).map(valueOf), [n])
})

t.test('a stream whose log cannot be read is answered all the same, and ends in order', async t => {
  const backend = memory()
  const { url } = await start(t, { backend })
  const client = await RawClient.open(url)
  const { events: log } = backend
  const { readAfter } = log
  log.readAfter = async () => { throw new Error('down') }
  const ended = await client.resume('standalone.0')
  t.equal(ended.status, 200)
  t.match(await ended.text(), /^retry: \d+$/m, 'it is to be resumed later')
  t.equal((await client.get()).status, 503)
  log.readAfter = readAfter
  t.equal((await client.resume('standalone.0')).status, 200)
})
