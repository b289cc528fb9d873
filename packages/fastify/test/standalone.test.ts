import t from 'tap'
import { type ServerSentEvent, events, nextMessage } from '@holdfast/clients/events'
import { RawClient } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { serving } from './fixtures/tools.js'

const createServer = serving({
  announce: async ({ server, args }) => { await server.server.sendLoggingMessage({ level: 'info', data: args.text }) }
})

const next = async (stream: AsyncGenerator<ServerSentEvent, void>): Promise<unknown> =>
  (await nextMessage(stream)).message.params.data

t.test('what is said while nobody listens is delivered once', async t => {
  const { url } = await start(t, { createServer })
  const client = await RawClient.open(url)
  await client.call('announce', { text: 1 })
  await client.call('announce', { text: 2 })
  const stream = events(await client.get())
  t.equal(await next(stream), 1)
  t.equal(await next(stream), 2)
  await client.call('announce', { text: 3 })
  t.equal(await next(stream), 3)
  await stream.return()
  const again = events(await client.get())
  await again.next()
  await client.call('announce', { text: 4 })
  t.equal(await next(again), 4, 'nothing comes twice')
  await again.return()
})

t.test('the newest stream receives, each message on one of them only; a zombie is no obstacle', async t => {
  const { url } = await start(t, { createServer })
  const client = await RawClient.open(url)
  const old = events(await client.get())
  await old.next()
  const newest = events(await client.get())
  await newest.next()
  await client.call('announce', { text: 'one' })
  t.equal(await next(newest), 'one')
  await newest.return()
  await client.call('announce', { text: 'two' })
  t.equal(await next(old), 'two', 'the one before takes over when the newest is gone')
  await old.return()
})

t.test('it resumes from where the client was', async t => {
  const { url } = await start(t, { createServer })
  const client = await RawClient.open(url)
  const stream = events(await client.get())
  await stream.next()
  const ids = []
  for (const text of [1, 2, 3]) {
    await client.call('announce', { text })
    ids.push((await nextMessage(stream)).id as string)
  }
  await stream.return()
  const resumed = events(await client.resume(ids[0] as string))
  t.equal(await next(resumed), 2)
  t.equal(await next(resumed), 3)
  await client.call('announce', { text: 4 })
  t.equal(await next(resumed), 4)
  await resumed.return()
})

t.test('it outlives the server object', async t => {
  const { url } = await start(t, { createServer, live: { max: 1 } })
  const client = await RawClient.open(url)
  const stream = events(await client.get())
  await stream.next()
  await RawClient.open(url)
  await client.call('announce', { text: 'back' })
  t.equal(await next(stream), 'back')
  await stream.return()
})

t.test('streams of different sessions do not mix', async t => {
  const { url } = await start(t, { createServer })
  const [one, two] = [await RawClient.open(url), await RawClient.open(url)]
  const [streamOne, streamTwo] = [events(await one.get()), events(await two.get())]
  await Promise.all([streamOne.next(), streamTwo.next()])
  await Promise.all([one.call('announce', { text: 'one' }), two.call('announce', { text: 'two' })])
  t.equal(await next(streamOne), 'one')
  t.equal(await next(streamTwo), 'two')
  await Promise.all([streamOne.return(), streamTwo.return()])
})
