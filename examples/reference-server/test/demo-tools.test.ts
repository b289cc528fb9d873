import { EventEmitter, once } from 'node:events'
import {
  ElicitRequestSchema, LoggingMessageNotificationSchema, ResourceUpdatedNotificationSchema
} from '@modelcontextprotocol/sdk/types.js'
import t from 'tap'
import { connected } from '@holdfast/clients/connected'
import { CROWDED, crowd } from './fixtures/crowded.js'
import { listening } from './fixtures/listening.js'

for (const mode of ['auto', 'json', 'sse']) {
  t.test(`counter keeps a total for each session (responses: ${mode})`, async t => {
    const url = await listening(t, { HOLDFAST_RESPONSE_MODE: mode })
    const [one, other] = await Promise.all([connected(t, url), connected(t, url)])
    t.match(await one.call('counter', { by: 5 }), { total: 5, activated: false, replica: String })
    t.match(await one.call('counter'), { total: 6 })
    t.match(await one.call('counter', { by: -2 }), { total: 4 })
    t.match(await other.call('counter'), { total: 1 })
    await t.rejects(one.call('counter', { by: 1.5 }), /Invalid arguments for tool counter/)
    t.match(await one.call('counter', { by: 0 }), { total: 4 })
  })
}

t.test('fifty calls of counter at once lose nothing', async t => {
  const { call } = await connected(t, await listening(t))
  await Promise.all(Array.from({ length: 50 }, async () => await call('counter')))
  t.match(await call('counter', { by: 0 }), { total: 50 })
})

t.test('whoami tells what the server knows of its client', async t => {
  const { call, transport } = await connected(t, await listening(t), { capabilities: { elicitation: {}, roots: {} } })
  t.strictSame(await call('whoami'), {
    client: { name: 'a-client', version: '1.2.3' },
    capabilities: { elicitation: {}, roots: {} },
    protocolVersion: transport.protocolVersion,
    principal: null
  })
})

t.test('countdown reports every step to the caller', async t => {
  const { client } = await connected(t, await listening(t))
  const seen: unknown[] = []
  const result = await client.callTool({ name: 'countdown', arguments: { steps: 4, intervalMs: 10 } }, undefined, {
    onprogress: progress => seen.push(progress)
  })
  t.strictSame(result.structuredContent, { steps: 4 })
  t.strictSame(seen, [1, 2, 3, 4].map(progress => ({ progress, total: 4 })))
})

t.test('countdown stops when it is cancelled, and the session goes on', async t => {
  const { client, call } = await connected(t, await listening(t))
  const cancel = new AbortController()
  const seen: number[] = []
  const running = client.callTool({ name: 'countdown', arguments: { steps: 1_000, intervalMs: 20 } }, undefined, {
    signal: cancel.signal,
    onprogress: ({ progress }) => {
      seen.push(progress)
      if (progress === 2) cancel.abort('enough')
    }
  })
  await t.rejects(running)
  t.strictSame(seen, [1, 2])
  t.match(await call('counter'), { total: 1 })
})

t.test('ask elicits an answer from the user of the client', async t => {
  const { client, call } = await connected(t, await listening(t), { capabilities: { elicitation: {} } })
  const questions: string[] = []
  const answers = [
    { action: 'accept' as const, content: { answer: 'forty-two' } },
    { action: 'decline' as const },
    { action: 'cancel' as const }
  ]
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    questions.push(params.message)
    return answers.shift() ?? { action: 'cancel' }
  })
  t.strictSame(await call('ask', { question: 'why?' }), { action: 'accept', answer: 'forty-two' })
  t.strictSame(await call('ask', { question: 'really?' }), { action: 'decline' })
  t.strictSame(await call('ask', { question: 'hm?' }), { action: 'cancel' })
  t.strictSame(questions, ['why?', 'really?', 'hm?'])
})

t.test('ask tells when the client cannot be asked', async t => {
  const { call } = await connected(t, await listening(t))
  await t.rejects(call('ask', { question: 'why?' }), /does not support/)
})

t.test('announce reaches the standalone stream, unless the client wants only worse', async t => {
  const { client, call } = await connected(t, await listening(t))
  const received: unknown[] = []
  const arrived = new EventEmitter()
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    received.push(params)
    arrived.emit(String(params.data))
  })
  const first = once(arrived, 'one')
  t.strictSame(await call('announce', { text: 'one' }), {})
  await first
  await client.setLoggingLevel('error')
  await call('announce', { text: 'two' })
  await client.setLoggingLevel('debug')
  const third = once(arrived, 'three')
  await call('announce', { text: 'three' })
  await third
  t.strictSame(received, ['one', 'three'].map(data => ({ level: 'info', logger: 'announce', data })))
})

t.test('a client that subscribed hears when the total changes, also after its session was dormant', async t => {
  const url = await listening(t, CROWDED)
  const uri = 'test://watched-resource'
  const { client, call } = await connected(t, url)
  const updates = new EventEmitter()
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
    updates.emit(params.uri)
  })
  await client.subscribeResource({ uri })

  let updated = once(updates, uri)
  t.match(await call('counter', { by: 3 }), { total: 3, activated: false })
  await updated
  await crowd(t, url)

  updated = once(updates, uri)
  t.match(await call('counter'), { total: 4, activated: true })
  await updated
  t.match(await client.readResource({ uri }), { contents: [{ uri, text: '4' }] })
  await client.unsubscribeResource({ uri })
})
