import { EventEmitter, once } from 'node:events'
import { copyFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { call as message, count, open, post } from '@holdfast/clients/by-hand'
import { connected } from '@holdfast/clients/connected'
import t from 'tap'
import { startChildServer } from '../dist/child-server.js'
import { durable } from './fixtures/durable.js'

// Each has a server of its own, and waits for it to start and to end.
t.jobs = 2

t.test('kill -9 at once after an answer: the client of the SDK does not notice', { buffered: true }, async t => {
  const it = await durable(t, {}, 'sqlite')
  const { client, transport, call } = await connected(t, it.server.url)
  const heard = new EventEmitter()
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => { heard.emit('said', params.data) })
  const { sessionId } = transport
  const ended = await open(it.server.url)
  t.equal((await fetch(it.server.url, { method: 'DELETE', headers: ended })).status, 200)
  const before = await call('counter', { by: 5 })
  await it.kill()
  await it.start()
  const after = await call('counter')
  t.match(after, { total: 6, activated: true })
  t.not(after.replica, before.replica)
  t.equal(transport.sessionId, sessionId)
  const said = once(heard, 'said')
  await call('announce', { text: 'still here' })
  t.strictSame(await said, ['still here'], 'the stream goes on')
  t.equal((await post(it.server.url, message('counter'), ended)).status, 404, 'what ended stays ended')
  t.equal(it.said(), `listening on ${it.server.url.href}\n`.repeat(2))
})

t.test('kill -9 under load: what was answered is there, and nothing was done twice', { buffered: true }, async t => {
  const it = await durable(t, {}, 'sqlite')
  const { url } = it.server
  const clients = await Promise.all(Array.from({ length: 10 }, async () => {
    return { session: await open(url), sent: 0, answered: 0 }
  }))
  for (let round = 0; round < 3; round++) {
    const enough = new EventEmitter()
    let answers = 0
    const load = clients.map(async client => {
      for (;;) {
        client.sent++
        client.answered = await count(url, client.session)
        if (++answers === 50) enough.emit('answers')
      }
    })
    const over = Promise.allSettled(load)
    await once(enough, 'answers')
    await it.kill()
    t.ok((await over).every(({ status }) => status === 'rejected'), 'each was cut')
    await it.start()
    for (const client of clients) {
      client.sent++
      const total = await count(url, client.session)
      t.ok(total > client.answered && total <= client.sent)
      client.answered = client.sent = total
    }
  }
  t.equal(it.server.log(), '')
})

t.test('SIGTERM in a call: answered, code 0, and the database alone has it all', { buffered: true }, async t => {
  const it = await durable(t, {}, 'sqlite')
  const { url } = it.server
  const session = await open(url)
  await count(url, session, 3)
  const running = post(url, { ...message('countdown', { steps: 8, intervalMs: 50 }), id: 2 }, session)
  // What comes after it on the same session shows that it has begun.
  await count(url, session)
  const stopped = it.server.stop()
  t.equal((await running).status, 200)
  t.equal(await stopped, 0)
  const copy = join(dirname(it.path), 'copy')
  await copyFile(it.path, copy)
  for (const HOLDFAST_SQLITE of [it.path, copy]) {
    await it.start({ HOLDFAST_SQLITE })
    t.equal(await count(url, session), 5)
    t.equal(await it.server.stop(), 0)
  }
})

t.test('two processes on one file: either serves, and neither misses the other', { buffered: true }, async t => {
  const it = await durable(t, {}, 'sqlite')
  const other = await startChildServer({
    HOLDFAST_BACKEND: 'sqlite', HOLDFAST_SQLITE: it.path, HOLDFAST_KEYS: it.keys
  })
  t.teardown(async () => { await other.kill() })
  const [a, b] = [it.server.url, other.url]
  const [session, ended] = [await open(a), await open(b)]
  for (let total = 1; total <= 10; total++) t.equal(await count(total % 2 === 0 ? a : b, session), total)
  t.equal((await fetch(a, { method: 'DELETE', headers: ended })).status, 200)
  t.equal((await post(b, message('counter'), ended)).status, 404)
  const stream = await fetch(b, { headers: { ...session, accept: 'text/event-stream' } })
  await post(a, message('announce', { text: 'from one to the other' }), session)
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of stream.body as ReadableStream<Uint8Array>) {
    text += decoder.decode(chunk)
    if (text.includes('from one to the other')) break
  }
  t.match(text, 'from one to the other')
  await it.kill()
  t.equal(await count(b, session), 11)
  await it.start()
  t.equal(await count(a, session), 12)
  t.equal(it.server.log() + other.log(), '')
})
