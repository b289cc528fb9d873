import { call, initialize, open, post } from '@holdfast/clients/by-hand'
import { connected } from '@holdfast/clients/connected'
import { events, nextMessage } from '@holdfast/clients/events'
import {
  ElicitRequestSchema, LoggingMessageNotificationSchema, ResourceUpdatedNotificationSchema
} from '@modelcontextprotocol/sdk/types.js'
import { everyFleet } from './fixtures/fleet.js'
import { sessionOf } from './fixtures/session-of.js'

const ELICITATION = { capabilities: { elicitation: {} } }

everyFleet('a question of one replica is answered through another, also when two ask at once', async (t, fleet) => {
  const { url, places: [a, b, c] } = fleet
  const { transport } = await connected(t, url, ELICITATION)
  const session = sessionOf(transport)
  const asked = await Promise.all([a, b].map(async (place, n) => {
    const stream = events(await post(place, { ...call('ask', { question: `${n}?` }), id: 7 + n }, session))
    const { message } = await nextMessage(stream)
    t.match(message, { method: 'elicitation/create', params: { message: `${n}?` } })
    return { stream, id: message.id }
  }))
  t.not(asked[0]?.id, asked[1]?.id, 'the SDK numbers both with 0')
  for (const [n, { id }] of asked.entries()) {
    const answer = { jsonrpc: '2.0', id, result: { action: 'accept', content: { answer: `${n}!` } } }
    t.equal((await post(c, answer, session)).status, 202)
  }
  for (const [n, { stream }] of asked.entries()) {
    const { message } = await nextMessage(stream)
    t.match(message, { id: 7 + n, result: { structuredContent: { action: 'accept', answer: `${n}!` } } })
  }
  const late = await post(c, { jsonrpc: '2.0', id: asked[0]?.id, result: { action: 'decline' } }, session)
  t.ok(late.status === 202 || late.status === 400)
})

everyFleet('a client of the SDK answers questions while each request goes to the next replica', async (t, { url }) => {
  const { client, call } = await connected(t, url, ELICITATION)
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => ({
    action: 'accept', content: { answer: `${params.message}!` }
  }))
  const questions = Array.from({ length: 9 }, (_, n) => `question ${n}`)
  const answers = await Promise.all(questions.map(async question => await call('ask', { question })))
  t.strictSame(answers, questions.map(question => ({ action: 'accept', answer: `${question}!` })))
})

everyFleet('a call that is cancelled through another replica ends', async (t, { places: [a, b] }) => {
  const session = await open(a)
  const long = { ...withProgress('countdown', { steps: 600, intervalMs: 100 }), id: 'long' }
  const stream = events(await post(a, long, session))
  t.match((await nextMessage(stream)).message, { method: 'notifications/progress' })
  const params = { requestId: 'long', reason: 'enough' }
  const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params }
  t.equal((await post(b, cancelled, session)).status, 202)
  let progress = 0
  for await (const { message } of stream) if (message?.method === 'notifications/progress') progress++
  t.ok(progress < 20, 'the stream ends, long before the minute is over')
})

everyFleet('a session that is deleted on one replica ends its streams on the others soon', async (t, fleet) => {
  const { places: [a, b, c] } = fleet
  const session = await open(a)
  const standalone = events(await fetch(b, { headers: { ...session, accept: 'text/event-stream' } }))
  await standalone.next()
  const running = events(await post(a, withProgress('countdown', { steps: 600, intervalMs: 100 }), session))
  await nextMessage(running)
  const began = performance.now()
  t.equal((await fetch(c, { method: 'DELETE', headers: session })).status, 200)
  for (const stream of [standalone, running]) while ((await stream.next()).done !== true);
  const took = performance.now() - began
  t.comment(`${took.toFixed(0)} ms`)
  t.ok(took < 10_000, 'ten times what is promised: the machine may be busy')
  for (const place of [a, b, c]) t.equal((await post(place, call('counter'), session)).status, 404)
})

everyFleet('a log level and a subscription that one replica was told hold on all', async (t, fleet) => {
  const { url, places: [a, b, c] } = fleet
  const { client, call: ask, transport } = await connected(t, url)
  const session = sessionOf(transport)
  // Live on all three before anything is set.
  for (const place of [a, b, c]) t.equal((await post(place, call('counter', { by: 0 }), session)).status, 200)
  const heard: unknown[] = []
  const updates: string[] = []
  const both = new Promise<void>(resolve => {
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
      if (updates.push(params.uri) === 3) resolve()
    })
  })
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => { heard.push(params.data) })
  await client.setLoggingLevel('error')
  await client.subscribeResource({ uri: 'test://watched-resource' })
  for (const place of [a, b, c]) {
    t.equal((await post(place, call('announce', { text: 'only information' }), session)).status, 200)
    t.equal((await post(place, call('counter'), session)).status, 200)
  }
  await both
  t.strictSame(updates, Array.from({ length: 3 }, () => 'test://watched-resource'))
  await client.setLoggingLevel('info')
  const audible = new Promise<void>(resolve => {
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
      if (heard.push(params.data) === 3) resolve()
    })
  })
  for (const place of [a, b, c]) t.equal((await post(place, call('announce', { text: 'now' }), session)).status, 200)
  await audible
  t.strictSame(heard, ['now', 'now', 'now'], 'what was below the level was never sent')
  await client.unsubscribeResource({ uri: 'test://watched-resource' })
  await ask('counter')
  await ask('announce', { text: 'last' })
  t.equal(updates.length, 3)
})

everyFleet('an id that no replica knows is a 404 on all, and a first request may go anywhere', async (t, fleet) => {
  const { places: [a, b, c] } = fleet
  for (const place of [a, b, c]) {
    t.equal((await post(place, initialize())).status, 200)
    t.equal((await post(place, call('counter'), { 'mcp-session-id': 'x'.repeat(43) })).status, 404)
  }
})

function withProgress (name: string, args: object): object {
  return { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args, _meta: { progressToken: 1 } } }
}
