import t from 'tap'
import { allMessages, events, nextMessage } from '@holdfast/clients/events'
import { latch } from './fixtures/latch.js'
import { RawClient, toolCall, valueOf } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { echo, say, serving } from './fixtures/tools.js'

t.test('a session that a client deletes is gone for good', async t => {
  const { url, app } = await start(t)
  const client = await RawClient.open(url)
  const stream = events(await client.get())
  await stream.next()
  const response = await client.delete()
  t.equal(response.status, 200)
  t.equal(await response.text(), '')
  t.equal((await stream.next()).done, true, 'its stream ends')
  t.equal((await client.delete()).status, 404)
  t.equal((await client.post(toolCall(1, 'echo'))).status, 404)
  t.equal(await app.mcpSessions.count(), 0)
})

t.test('a client may delete with the headers of its posts, and without a body', async t => {
  const { url } = await start(t)
  const client = await RawClient.open(url)
  t.equal((await client.at(url, { 'content-type': 'application/json' }).delete()).status, 200)
  t.equal((await client.post('')).status, 400, 'an empty post is no JSON')
})

t.test('a tool that ends its own session still answers, as JSON and as a stream', async t => {
  const { url, app } = await start(t, {
    createServer: serving({
      ...echo,
      end: async ({ session }) => { await session.terminate(); return 'ended' },
      sayAndEnd: async call => { await say(call, 'soon'); await call.session.terminate(); return 'ended' }
    })
  })
  const ended: unknown[] = []
  app.mcpSessions.on('terminated', ({ reason }) => { ended.push(reason) })
  const json = await RawClient.open(url)
  t.equal(await json.call('end'), 'ended')
  t.equal((await json.get()).status, 404)
  const streaming = await RawClient.open(url)
  const messages = await allMessages(await streaming.start('sayAndEnd'))
  t.match(messages[0], { params: { data: 'soon' } })
  t.equal(valueOf(messages[1]), 'ended')
  t.equal((await streaming.get()).status, 404)
  t.strictSame(ended, ['terminated', 'terminated'])
})

t.test('calls that run when their session is deleted are answered', async t => {
  const [running, gate] = [latch(), latch()]
  const aborted: boolean[] = []
  const both = latch()
  const { url } = await start(t, {
    createServer: serving({
      ...echo,
      wait: async call => {
        if (call.args.say === true) await say(call, 'begun')
        call.extra.signal.addEventListener('abort', () => { if (aborted.push(true) === 2) both.open() })
        running.open()
        await gate.opened
      }
    })
  })
  const [client, other] = [await RawClient.open(url), await RawClient.open(url)]
  const waiting = client.start('wait')
  const stream = events(await client.start('wait', { say: true }))
  t.match((await nextMessage(stream)).message, { params: { data: 'begun' } })
  await running.opened
  t.equal((await client.delete()).status, 200)
  await both.opened
  const answer = await waiting
  t.equal(answer.status, 404)
  t.match(await answer.json(), { jsonrpc: '2.0', id: 1, error: { message: 'Session not found' } })
  t.match((await nextMessage(stream)).message, { id: 2, error: { message: /interrupted/ } })
  t.equal((await stream.next()).done, true)
  gate.open()
  t.strictSame(await other.call('echo', {}), {})
})

t.test('the application ends sessions too', async t => {
  const { url, app } = await start(t, { principal: ({ headers }) => ({ subject: String(headers['x-user']) }) })
  const me = { headers: { 'x-user': 'me' } }
  const mine = [await RawClient.open(url, me), await RawClient.open(url, me)]
  const yours = await RawClient.open(url, { headers: { 'x-user': 'you' } })
  t.equal(await app.mcpSessions.terminateAll({ principal: { subject: 'me' } }), 2)
  for (const client of mine) t.equal((await client.get()).status, 404)
  t.strictSame(await yours.call('echo', {}), {})
  t.equal(await app.mcpSessions.clear(), 1)
  t.equal((await yours.get()).status, 404)
})
