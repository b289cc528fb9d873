import t from 'tap'
import { events, nextMessage } from '@holdfast/clients/events'
import { latch } from './fixtures/latch.js'
import { RawClient, toolCall } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { echo, say, serving } from './fixtures/tools.js'

t.test('a tool that throws is a result with an error, and nothing worse', async t => {
  const { url } = await start(t, {
    createServer: serving({
      ...echo,
      fail: () => { throw new Error('tool failed') },
      crash: ({ args }) => { throw args.nothing }
    })
  })
  const client = await RawClient.open(url)
  const failed = await client.post(toolCall(1, 'fail'))
  t.equal(failed.status, 200)
  t.match(await failed.json(), { id: 1, result: { isError: true, content: [{ text: 'tool failed' }] } })
  t.match(await (await client.post(toolCall(2, 'crash'))).json(), { id: 2, result: { isError: true } })
  t.match(await (await client.post(toolCall(3, 'no-such-tool'))).json(), { id: 3 })
  const unknown = await client.post({ jsonrpc: '2.0', id: 4, method: 'no/such' })
  t.match(await unknown.json(), { id: 4, error: { code: -32601 } })
  t.strictSame(await client.call('echo', { fine: true }), { fine: true })
})

t.test('a client that goes away while it waits for JSON does not stop its call', async t => {
  const [running, gate, ended] = [latch(), latch(), latch<boolean>()]
  const { url } = await start(t, {
    responseMode: 'json',
    createServer: serving({
      ...echo,
      slow: async ({ extra }) => {
        running.open()
        await gate.opened
        ended.open(extra.signal.aborted)
      }
    })
  })
  const client = await RawClient.open(url)
  const leaving = new AbortController()
  const call = client.start('slow', {}, leaving.signal)
  await running.opened
  leaving.abort()
  await t.rejects(call)
  gate.open()
  t.equal(await ended.opened, false, 'it ran to its end, and was not cancelled')
  t.strictSame(await client.call('echo', { fine: true }), { fine: true })
})

t.test('a client that goes away before a stream began is not sent one', async t => {
  const [running, gate, ended] = [latch(), latch(), latch()]
  const { url } = await start(t, {
    createServer: serving({
      slow: async call => {
        running.open()
        await gate.opened
        await say(call, 'nobody hears this')
        ended.open()
      }
    })
  })
  const client = await RawClient.open(url)
  const leaving = new AbortController()
  const call = client.start('slow', {}, leaving.signal)
  await running.opened
  leaving.abort()
  await t.rejects(call)
  await client.notify('notifications/x')
  gate.open()
  await ended.opened
  t.equal((await client.post({ jsonrpc: '2.0', id: 9, method: 'ping' })).status, 200)
})

t.test('a client that goes away after an event resumes, and gets the rest once', async t => {
  const gate = latch()
  const { url } = await start(t, {
    createServer: serving({
      slow: async call => {
        await say(call, 1)
        await gate.opened
        await say(call, 2)
        return 'done'
      }
    })
  })
  const client = await RawClient.open(url)
  const leaving = new AbortController()
  const first = await nextMessage(events(await client.start('slow', {}, leaving.signal)))
  t.equal(first.message.params.data, 1)
  leaving.abort()
  const resumed = events(await client.resume(first.id as string))
  gate.open()
  t.match((await nextMessage(resumed)).message, { params: { data: 2 } })
  t.match((await nextMessage(resumed)).message, { id: 1, result: { content: [{ text: '"done"' }] } })
  t.equal((await resumed.next()).done, true)
})

t.test('a server that closes itself is replaced, and its session goes on', async t => {
  let made = 0
  const { url } = await start(t, {
    createServer: (session, shared) => {
      made++
      return serving({ ...echo, close: async ({ server }) => { await server.close() } })(session, shared)
    }
  })
  const client = await RawClient.open(url)
  const interrupted = await client.start('close')
  t.equal(interrupted.status, 503)
  t.match(await interrupted.json(), { id: 1, error: { message: /interrupted/ } })
  t.strictSame(await client.call('echo', { back: true }), { back: true })
  t.equal(made, 2)
})
