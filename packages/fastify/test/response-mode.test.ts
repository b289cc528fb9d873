import t from 'tap'
import { type ServerSentEvent, allEvents, events, nextMessage } from '@holdfast/clients/events'
import { latch } from './fixtures/latch.js'
import { RawClient, valueOf } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { type Tools, echo, say, serving } from './fixtures/tools.js'

const type = (response: Response): string | undefined => response.headers.get('content-type')?.split(';')[0]
const JSON_TYPE = 'application/json'
const SSE = 'text/event-stream'

const tools: Tools = {
  ...echo,
  say: async call => { await say(call, 'first'); return 'done' },
  slow: async () => { await new Promise(resolve => setTimeout(resolve, 80)); return 'slow' }
}

t.test('auto: JSON, until the call says something or takes long', async t => {
  const { url } = await start(t, { createServer: serving(tools), streams: { after: 20 } })
  const client = await RawClient.open(url)
  t.equal(type(await client.start('echo')), JSON_TYPE)
  const said = await client.start('say')
  t.equal(type(said), SSE)
  t.match(await allEvents(said), [
    { id: /\.0$/, retry: '1000' },
    { id: /\.1$/, message: { params: { data: 'first' } } },
    { id: /\.2$/, message: { id: 2, result: {} } }
  ])
  const slow = await client.start('slow')
  t.equal(type(slow), SSE)
  t.match(await allEvents(slow), [{ id: /\.0$/, retry: '1000' }, { id: /\.1$/, message: { id: 3 } }])
})

t.test('auto: a call within streams.after is JSON', async t => {
  const { url } = await start(t, { createServer: serving(tools), streams: { after: '10s' } })
  const client = await RawClient.open(url)
  t.equal(type(await client.start('slow')), JSON_TYPE)
})

t.test('json: never a stream; what a call says goes to the standalone one', async t => {
  const { url } = await start(t, { createServer: serving(tools), responseMode: 'json', streams: { after: 1 } })
  const client = await RawClient.open(url)
  for (const name of ['echo', 'say', 'slow']) t.equal(type(await client.start(name)), JSON_TYPE)
  t.match((await nextMessage(events(await client.get()))).message, { params: { data: 'first' } })
})

t.test('sse: always a stream', async t => {
  const { url } = await start(t, { createServer: serving(tools), responseMode: 'sse', streams: { after: '10s' } })
  const client = await RawClient.open(url)
  for (const name of ['echo', 'say', 'slow']) {
    const response = await client.start(name, { name })
    t.equal(type(response), SSE)
    t.equal(response.headers.get('cache-control'), 'no-store, no-transform')
    const heard = await allEvents(response)
    t.match(heard[0], { id: /\.0$/, retry: '1000' })
    t.ok(valueOf(heard.at(-1)?.message))
  }
})

t.test('events without data are for clients that know them', async t => {
  const { url } = await start(t, { createServer: serving(tools), responseMode: 'sse' })
  for (const [version, primed] of [['2025-11-25', true], ['2025-06-18', false], ['2025-03-26', false]] as const) {
    const client = await RawClient.open(url, { version })
    for (const response of [await client.start('echo'), await client.start('say')]) {
      const heard = await allEvents(response)
      const isPriming = ({ id, message, comment }: ServerSentEvent): boolean =>
        id !== undefined && message === undefined && comment === undefined
      t.equal(heard.some(isPriming), primed, version)
    }
    const standalone = events(await client.get())
    const priming = primed ? { id: 'standalone.0', retry: '5000' } : { retry: '5000', id: undefined }
    t.match((await standalone.next()).value, priming)
    await standalone.return()
  }
})

t.test('quiet streams carry comments', async t => {
  const { url } = await start(t, { createServer: serving(tools), streams: { keepAlive: 20 } })
  const client = await RawClient.open(url)
  const stream = events(await client.get())
  t.match((await stream.next()).value, { id: 'standalone.0' })
  for (let n = 0; n < 3; n++) t.match((await stream.next()).value, { comment: 'keep-alive' })
  await stream.return()
})

t.test('a handler may send its client away, which comes back for the rest', async t => {
  const gate = latch()
  const { url } = await start(t, {
    streams: { retry: 10, standaloneRetry: 10 },
    createServer: serving({
      poll: async call => {
        call.extra.closeSSEStream?.()
        await gate.opened
        await say(call, 'while away')
        return 'done'
      },
      both: async call => {
        await say(call, 'before')
        call.extra.closeSSEStream?.()
        call.extra.closeStandaloneSSEStream?.()
        await gate.opened
        return 'done'
      },
      known: ({ extra }) => [typeof extra.closeSSEStream, typeof extra.closeStandaloneSSEStream]
    })
  })
  const client = await RawClient.open(url)
  const standalone = events(await client.get())
  await standalone.next()
  const first = await allEvents(await client.start('poll'))
  t.match(first, [{ id: /\.0$/, retry: '10' }, { retry: '10' }])
  const second = await allEvents(await client.start('both'))
  t.match(second.at(-1), { retry: '10' })
  t.match((await standalone.next()).value, { retry: '10' })
  t.equal((await standalone.next()).done, true)
  const rest = await client.resume(first[0]?.id as string)
  const otherRest = await client.resume(second.at(-2)?.id as string)
  gate.open()
  const messages = (await allEvents(rest)).flatMap(({ message }) => message ?? [])
  t.match(messages, [{ params: { data: 'while away' } }, { id: 1, result: {} }])
  t.match((await allEvents(otherRest)).flatMap(({ message }) => message ?? []), [{ id: 2, result: {} }])
  t.strictSame(await client.call('known'), ['function', 'function'])
  const older = await RawClient.open(url, { version: '2025-06-18' })
  t.strictSame(await older.call('known'), ['undefined', 'undefined'], 'an older client would not come back')
})
