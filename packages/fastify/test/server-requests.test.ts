import {
  CreateMessageRequestSchema, CreateMessageResultSchema, ElicitRequestSchema, ListRootsRequestSchema
} from '@modelcontextprotocol/sdk/types.js'
import t from 'tap'
import { callTool, connect } from './fixtures/connect.js'
import { allMessages, events, nextMessage } from '@holdfast/clients/events'
import { latch } from './fixtures/latch.js'
import { RawClient, toolCall, valueOf } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { type Tools, echo, elicit, serving } from './fixtures/tools.js'

const requestedSchema = { type: 'object' as const, properties: { name: { type: 'string' as const } } }

const tools: Tools = {
  ...echo,
  ask: async call => await elicit(call, String(call.args.question), requestedSchema),
  askAside: async ({ server }) => await server.server.elicitInput({ message: 'aside', requestedSchema }),
  sample: async ({ extra }) => await extra.sendRequest({
    method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 }
  }, CreateMessageResultSchema),
  roots: async ({ server }) => await server.server.listRoots()
}

const answering = (message: any, result: object): object => ({ jsonrpc: '2.0', id: message.id, result })

t.test('the SDK\'s client is asked, and answers', async t => {
  for (const responseMode of ['auto', 'json', 'sse'] as const) {
    const { url } = await start(t, { createServer: serving(tools), responseMode, live: { max: 1 } })
    const { client } = await connect(t, url, { elicitation: { form: {} }, sampling: {}, roots: {} }, client => {
      client.setRequestHandler(ElicitRequestSchema, ({ params }) => ({
        action: 'accept', content: { name: `${params.message}!` }
      }))
      client.setRequestHandler(CreateMessageRequestSchema, () => ({
        model: 'm', role: 'assistant', content: { type: 'text', text: 'sampled' }
      }))
      client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///home' }] }))
    })
    for (const round of ['live', 'restored']) {
      const answer = { action: 'accept', content: { name: `${round}!` } }
      t.match(await callTool(client, 'ask', { question: round }), answer, `${responseMode}, ${round}`)
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
  const capabilities = { elicitation: { form: {} } }
  const [client, other] = [await RawClient.open(url, { capabilities }), await RawClient.open(url, { capabilities })]
  const stream = events(await client.start('ask', { question: 'well?' }))
  const { message } = await nextMessage(stream)
  const { id } = message
  const bad = [
    { id }, { id, result: 'yes' }, { id, result: null }, { id, error: 'no' }, { id, result: {}, more: 1 },
    { id: `${id}1`, result: {} }, { id: 0, result: {} }, { id: '0123456789abcdef.1', result: {} }
  ].map(answer => ({ jsonrpc: '2.0', ...answer }))
  for (const answer of bad) t.equal((await client.post(answer)).status, 400, JSON.stringify(answer))
  t.equal((await other.post(answering(message, { action: 'accept' }))).status, 400, 'nor is another session\'s')
  const refusal = { jsonrpc: '2.0', id, error: { code: -1, message: 'user said no' } }
  t.equal((await client.post(refusal)).status, 202)
  t.match((await nextMessage(stream)).message, {
    id: 1, result: { isError: true, content: [{ text: /user said no/ }] }
  })
})

t.test('progress goes both ways under the right tokens', async t => {
  const seen: unknown[] = []
  const { url } = await start(t, {
    createServer: serving({
      steps: async ({ extra }) => {
        const progressToken = extra._meta?.progressToken as string
        for (const progress of [1, 2]) {
          await extra.sendNotification({ method: 'notifications/progress', params: { progressToken, progress } })
        }
      },
      ask: async call => await elicit(call, 'q', requestedSchema, {
        onprogress: ({ progress }) => { seen.push(progress) }
      })
    })
  })
  const { client } = await connect(t, url)
  const progress: number[] = []
  const onprogress = ({ progress: step }: { progress: number }) => progress.push(step)
  await callTool(client, 'steps', {}, undefined, { onprogress })
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
        if (args.say === true) {
          await extra.sendNotification({
            method: 'notifications/message', params: { level: 'info', data: 'begun' }
          })
        }
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
  for (const requestId of ['a', 'b', 'unknown', 7, null, {}]) {
    t.equal((await client.notify('notifications/cancelled', { requestId })).status, 202)
  }
  t.strictSame(await allMessages(await json), [], 'one that waited for JSON')
  t.match(await allMessages(await streaming), [{ params: { data: 'begun' } }])
  t.strictSame(cancelled, [0, 1])
  const again = await client.post(toolCall('a', 'echo', { free: true }))
  t.strictSame(valueOf(await again.json()), { free: true }, 'the id is free')
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
    createServer: serving({ ask: async call => await elicit(call, 'q', requestedSchema, { timeout: 20 }) })
  })
  const client = await RawClient.open(url, { capabilities: { elicitation: { form: {} } } })
  const [question, cancelled, result] = await allMessages(await client.start('ask'))
  t.match(cancelled, { method: 'notifications/cancelled', params: { requestId: question.id } })
  t.match(result, { id: 1, result: { isError: true } })
  t.equal((await client.post(answering(question, { action: 'accept' }))).status, 400)
})
