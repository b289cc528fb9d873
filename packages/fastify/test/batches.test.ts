import t from 'tap'
import { allMessages } from '@holdfast/clients/events'
import { latch } from './fixtures/latch.js'
import { RawClient, initializeRequest, toolCall } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { echo, say, serving } from './fixtures/tools.js'

const ping = (id: unknown): Record<string, unknown> => ({ jsonrpc: '2.0', id, method: 'ping' })
const refusal = (message: RegExp, id: unknown = null): Record<string, unknown> =>
  ({ jsonrpc: '2.0', id, error: { code: -32600, message } })
const notification = (method: string): Record<string, unknown> => ({ jsonrpc: '2.0', method })

t.test('a client of 2025-03-26 may send batches', async t => {
  const { url } = await start(t)
  const client = await RawClient.open(url, { version: '2025-03-26' })
  const batch = [toolCall(1, 'echo', { a: 1 }), notification('notifications/progress'), ping('two')]
  const response = await client.post(batch)
  t.equal(response.status, 200)
  const answers: any = await response.json()
  t.strictSame(answers.map(({ id }: any) => id).sort(), [1, 'two'])
  t.equal((await client.post([notification('notifications/a'), notification('notifications/b')])).status, 202)
  const hundred: any = await (await client.post(Array.from({ length: 100 }, (_, id) => ping(id)))).json()
  t.equal(hundred.length, 100)
})

t.test('a bad batch is refused as a whole', async t => {
  let calls = 0
  const { url, app } = await start(t, { createServer: serving({ ...echo, count: () => ++calls }) })
  const client = await RawClient.open(url, { version: '2025-03-26' })
  const bad: Array<[unknown[], RegExp, unknown?]> = [
    [[], /empty/],
    [Array.from({ length: 101 }, (_, id) => ping(id)), /100/],
    [[toolCall(1, 'count'), initializeRequest()], /initialize/],
    [[toolCall(1, 'count'), toolCall(1, 'count')], /in use/, 1],
    [[toolCall(1, 'count'), 17], /not a JSON-RPC/],
    [[toolCall(1, 'count'), [toolCall(2, 'count')]], /not a JSON-RPC/],
    [[toolCall(1, 'count'), { jsonrpc: '2.0', id: 9, method: 7 }], /not a JSON-RPC/]
  ]
  for (const [body, message, id] of bad) {
    const response = await client.post(body)
    t.equal(response.status, 400)
    t.match(await response.json(), refusal(message, id))
  }
  t.equal(calls, 0)
  t.equal(await app.mcpSessions.count(), 1)
  t.equal(await client.call('count'), 1)
})

t.test('revisions without batches refuse them', async t => {
  const { url } = await start(t)
  for (const version of ['2025-06-18', '2025-11-25']) {
    const client = await RawClient.open(url, { version })
    const response = await client.post([ping(1)])
    t.equal(response.status, 400)
    t.match(await response.json(), refusal(/batch/))
    t.equal((await client.post([ping(1)], { 'mcp-protocol-version': '2025-06-18' })).status, 400)
  }
})

t.test('a batch that says something before its last result becomes one stream', async t => {
  const gate = latch()
  const { url } = await start(t, {
    createServer: serving({ ...echo, slow: async call => { await gate.opened; await say(call, 'now'); return 'slow' } })
  })
  const client = await RawClient.open(url, { version: '2025-03-26' })
  const answering = client.post([toolCall(1, 'slow'), toolCall(2, 'echo', { quick: true }), toolCall(3, 'unknown')])
  gate.open()
  const response = await answering
  t.match(response.headers.get('content-type'), 'text/event-stream')
  const messages = await allMessages(response)
  t.strictSame(messages.map(({ id, method }) => id ?? method).sort(), [1, 2, 3, 'notifications/message'])
})

t.test('an id that another request takes while a batch delivers its notifications stays with that request', async t => {
  const gate = latch()
  const { url } = await start(t, {
    createServer: serving({ wait: async ({ args }) => { await gate.opened; return args.name } })
  })
  const client = await RawClient.open(url, { version: '2025-03-26' })
  const notifications = Array.from({ length: 50 }, () => ({ jsonrpc: '2.0', method: 'notifications/x' }))
  const posts = ['a', 'b'].map(async name => await client.post([...notifications, toolCall(1, 'wait', { name })]))
  const refused = await Promise.race(posts)
  t.equal(refused.status, 400)
  gate.open()
  const statuses = (await Promise.all(posts)).map(({ status }) => status)
  t.strictSame(statuses.sort(), [200, 400])
})
