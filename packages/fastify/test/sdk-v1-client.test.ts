import { LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import t from 'tap'
import { callTool, connect } from './fixtures/connect.js'
import { latch } from './fixtures/latch.js'
import { start } from './fixtures/start.js'
import { echo, say, serving } from './fixtures/tools.js'

t.test('the SDK\'s client does not notice that its stream was cut and resumed', async t => {
  const gate = latch()
  const { url } = await start(t, {
    streams: { retry: 10 },
    createServer: serving({
      poll: async call => {
        await say(call, 'before')
        call.extra.closeSSEStream?.()
        await gate.opened
        await say(call, 'after')
        return 'done'
      }
    })
  })
  const heard: unknown[] = []
  const { client } = await connect(t, url, {}, client => {
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => { heard.push(params.data) })
  })
  const call = callTool(client, 'poll')
  gate.open()
  t.equal(await call, 'done')
  t.strictSame(heard, ['before', 'after'])
})

t.test('the SDK\'s client ends its session, and cannot go on with it', async t => {
  const { url, app } = await start(t, { createServer: serving(echo) })
  const { client, transport } = await connect(t, url)
  t.strictSame(await callTool(client, 'echo', { fine: true }), { fine: true })
  t.equal(await app.mcpSessions.count(), 1)
  await transport.terminateSession()
  t.equal(await app.mcpSessions.count(), 0)
  t.equal(transport.sessionId, undefined)
})

t.test('a hundred clients at once keep to themselves', async t => {
  const { url } = await start(t, {
    live: { max: 10 },
    createServer: serving({
      count: async ({ session }) =>
        (await session.update(data => { data.total = Number(data.total ?? 0) + 1 })).total
    })
  })
  const clients = []
  for (let n = 0; n < 100; n++) clients.push((await connect(t, url)).client)
  for (let round = 1; round <= 2; round++) {
    for (let n = 0; n < 100; n += 10) {
      const counts = await Promise.all(clients.slice(n, n + 10).map(async client => await callTool(client, 'count')))
      t.strictSame(counts, Array.from({ length: 10 }, () => round))
    }
  }
})
