import { CreateMessageRequestSchema, CreateMessageResultSchema, ElicitRequestSchema, ElicitResultSchema, ListRootsRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import t from 'tap'
import { callTool, connect } from './fixtures/connect.js'
import { allMessages, events, nextMessage } from '@holdfast/clients/events'
import { latch } from './fixtures/latch.js'
import { RawClient, toolCall, valueOf } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { type Tools, echo, serving } from './fixtures/tools.js'

const requestedSchema = { type: 'object' as const, properties: { name: { type: 'string' as const } } }

const tools: Tools = {
  ...echo,
  ask: async ({ extra, args }) => await extra.sendRequest({ method: 'elicitation/create', params: { mode: 'form', message: String(args.question), requestedSchema } }, ElicitResultSchema),
  askAside: async ({ server }) => await server.server.elicitInput({ message: 'aside', requestedSchema }),
  sample: async ({ extra }) => await extra.sendRequest({ method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } }, CreateMessageResultSchema),
  roots: async ({ server }) => await server.server.listRoots()
}

const answering = (message: any, result: object): object => ({ jsonrpc: '2.0', id: message.id, result })

t.test('the SDK\'s client is asked, and answers', async t => {
  for (const responseMode of ['auto', 'json', 'sse'] as const) {
    const { url } = await start(t, { createServer: serving(tools), responseMode, live: { max: 1 } })
    const { client } = await connect(t, url, { elicitation: { form: {} }, sampling: {}, roots: {} }, client => {
      client.setRequestHandler(ElicitRequestSchema, ({ params }) => ({ action: 'accept', content: { name: `${params.message}!` } }))
      client.setRequestHandler(CreateMessageRequestSchema, () => ({ model: 'm', role: 'assistant', content: { type: 'text', text: 'sampled' } }))
      client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///home' }] }))
    })
    for (const round of ['live', 'restored']) {
      t.match(await callTool(client, 'ask', { question: round }), { action: 'accept', content: { name: `${round}!` } }, `${responseMode}, ${round}`)
      t.match(await callTool(client, 'sample'), { content: { text: 'sampled' } })
      t.match(await callTool(client, 'roots'), { roots: [{ uri: 'file:///home' }] })
      t.match(await callTool(client, 'askAside'), { content: { name: 'aside!' } })
      await RawClient.open(url)
    }
  }
})

t.test('ids on the wire are never used twice in a session, through all its server objects', async t => {
  const { url } = await start(t, { createServer: serving(tools), live: { max: 1 } })
  const client = await RawClient.open(url, { capabilities: { elicitation: { form: {} } } })
  const ids = new Set<unknown>()
  for (let round = 0; round < 3; round++) {
    const stream = events(await client.start('ask', { question: round }))
    const { message } = await nextMessage(stream)
    t.match(message, { method: 'elicitation/create', id: /^[0-9a-f]{16}\.\d+$/ })
    ids.add(message.id)
    t.equal((await client.post(answering(message, { action: 'decline' }))).status, 202)
    t.match(valueOf((await nextMessage(stream)).message), { action: 'decline' })
    const again = await client.post(answering(message, { action: 'accept' }))
    t.equal(again.status, 400, 'an answer counts once')
    t.match(await again.json(), { error: { message: /no request waits/ } })
    await RawClient.open(url)
  }
  t.equal(ids.size, 3)
})

t.test('an answer that is none leaves the question open', async t => {
  const { url } = await start(t, { createServer: serving(tools) })
  const [client, other] = await Promise.all([1, 2].map(async () => await RawClient.open(url, { capabilities: { elicitation: { form: {} } } }))) as [RawClient, RawClient]
  const stream = events(await client.start('ask', { question: 'well?' }))
  const { message } = await nextMessage(stream)
  const bad = [
    { jsonrpc: '2.0', id: message.id }, { jsonrpc: '2.0', id: message.id, result: 'yes' }, { jsonrpc: '2.0', id: message.id, result: null },
    { jsonrpc: '2.0', id: message.id, error: 'no' }, { jsonrpc: '2.0', id: message.id, result: {}, more: 1 },
    { jsonrpc: '2.0', id: `${message.id}1`, result: {} }, { jsonrpc: '2.0', id: 0, result: {} }, { jsonrpc: '2.0', id: '0123456789abcdef.1', result: {} }
  ]
  for (const answer of bad) t.equal((await client.post(answer)).status, 400, JSON.stringify(answer))
  t.equal((await other.post(answering(message, { action: 'accept' }))).status, 400, 'nor is another session\'s')
  t.equal((await client.post({ jsonrpc: '2.0', id: message.id, error: { code: -1, message: 'user said no' } })).status, 202)
  t.match((await nextMessage(stream)).message, { id: 1, result: { isError: true, content: [{ text: /user said no/ }] } })
})

t.test('progress goes both ways under the right tokens', async t => {
  const seen: unknown[] = []
  const { url } = await start(t, {
    createServer: serving({
      steps: async ({ extra }) => {
        for (const progress of [1, 2]) await extra.sendNotification({ method: 'notifications/progress', params: { progressToken: extra._meta?.progressToken as string, progress } })
      },
      ask: async ({ extra }) => await extra.sendRequest({ method: 'elicitation/create', params: { mode: 'form', message: 'q', requestedSchema } }, ElicitResultSchema, { onprogress: ({ progress }) => seen.push(progress) })
    })
  })
  const { client } = await connect(t, url)
  const progress: number[] = []
  await callTool(client, 'steps', {}, undefined, { onprogress: ({ progress: step }: { progress: number }) => progress.push(step) })
  t.strictSame(progress, [1, 2])
  const raw = await RawClient.open(url, { capabilities: { elicitation: { form: {} } } })
  const stream = events(await raw.start('ask'))
  const { message } = await nextMessage(stream)
  const token = message.params._meta.progressToken
  t.equal(token, message.id)
  for (const [progressToken, step] of [[token, 1], [0, 2], ['x', 3], [token, 4]]) {
    t.equal((await raw.notify('notifications/progress', { progressToken, progress: step })).status, 202)
  }
  await raw.post(answering(message, { action: 'cancel' }))
  await nextMessage(stream)
  t.strictSame(seen, [1, 4])
})

t.test('a cancelled call is told so and gets no answer', async t => {
  const running = [latch(), latch(), latch()]
  const cancelled: number[] = []
  const { url } = await start(t, {
    createServer: serving({
      ...echo,
      wait: async ({ args, extra }) => {
        if (args.say === true) await extra.sendNotification({ method: 'notifications/message', params: { level: 'info', data: 'begun' } })
        extra.signal.addEventListener('abort', () => cancelled.push(args.n))
        running[args.n]?.open()
        await new Promise(resolve => { extra.signal.addEventListener('abort', resolve) })
      }
    })
  })
  const client = await RawClient.open(url)
  const json = client.post(toolCall('a', 'wait', { n: 0 }))
  const streaming = client.post(toolCall('b', 'wait', { n: 1, say: true }))
  await Promise.all([running[0]?.opened, running[1]?.opened])
  for (const requestId of ['a', 'b', 'unknown', 7, null, {}]) t.equal((await client.notify('notifications/cancelled', { requestId })).status, 202)
  t.strictSame(await allMessages(await json), [], 'one that waited for JSON')
  t.match(await allMessages(await streaming), [{ params: { data: 'begun' } }])
  t.strictSame(cancelled, [0, 1])
  t.strictSame(await (await client.post(toolCall('a', 'echo', { free: true }))).json().then(valueOf), { free: true }, 'the id is free')
  const { client: sdk } = await connect(t, url)
  const controller = new AbortController()
  const call = callTool(sdk, 'wait', { n: 2 }, undefined, { signal: controller.signal })
  await running[2]?.opened
  controller.abort()
  await t.rejects(call)
  t.strictSame(await callTool(sdk, 'echo', { fine: true }), { fine: true })
  t.strictSame(cancelled, [0, 1, 2])
})

t.test('a question that the server takes back is taken back on the wire', async t => {
  const { url } = await start(t, {
    createServer: serving({
      ask: async ({ extra }) => await extra.sendRequest({ method: 'elicitation/create', params: { mode: 'form', message: 'q', requestedSchema } }, ElicitResultSchema, { timeout: 20 })
    })
  })
  const client = await RawClient.open(url, { capabilities: { elicitation: { form: {} } } })
  const [question, cancelled, result] = await allMessages(await client.start('ask'))
  t.match(cancelled, { method: 'notifications/cancelled', params: { requestId: question.id } })
  t.match(result, { id: 1, result: { isError: true } })
  t.equal((await client.post(answering(question, { action: 'accept' }))).status, 400)
})
