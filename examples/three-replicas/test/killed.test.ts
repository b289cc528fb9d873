import { call, count, open, post } from '@holdfast/clients/by-hand'
import { connected } from '@holdfast/clients/connected'
import { events, nextMessage } from '@holdfast/clients/events'
import { everyFleet } from './fixtures/fleet.js'
import { Load } from './fixtures/load.js'
import { sessionOf } from './fixtures/session-of.js'

/** Milliseconds: ten times what is promised, for the machine may be busy. The endurance suite tries the promise. */
const SOON = 20_000

everyFleet('a replica that is killed under load takes no session with it', async (t, three) => {
  const { url, places: [victim] } = three
  const loads = await Promise.all(Array.from({ length: 20 }, async () => await Load.on(t, url)))
  const idle = await open(victim)
  const usual: number[] = []
  for (let n = 0; n < 10; n++) usual.push(await timed(async () => await count(url, idle)))
  await three.kill(0)
  const killed = performance.now()
  const took = await timed(async () => t.equal(await count(url, idle), 11, 'a session last served there'))
  const [fastest, slowest] = [Math.min(...usual).toFixed(0), Math.max(...usual).toFixed(0)]
  t.comment(`its next request took ${took.toFixed(0)} ms, others ${fastest} to ${slowest} ms`)
  t.ok(took < SOON)
  await three.replace(0)
  for (const load of loads) {
    await load.stop()
    for (const began of load.failed) t.ok(began <= killed, 'only what was under way fails')
    const total = await count(url, load.session, 0)
    const most = load.answered + load.failed.length
    t.ok(load.answered <= total && total <= most, 'every answered request is counted, once')
  }
  const failed = loads.reduce((sum, { failed }) => sum + failed.length, 0)
  t.comment(`${failed} requests were under way on the killed replica`)
})

everyFleet('the stream of a call that a killed replica ran ends with an error, soon', async (t, three) => {
  const { places: [a, b] } = three
  const session = { ...await open(a), 'mcp-protocol-version': '2025-11-25' }
  const params = { name: 'countdown', arguments: { steps: 600, intervalMs: 50 }, _meta: { progressToken: 1 } }
  const stream = events(await post(a, { jsonrpc: '2.0', id: 'orphan', method: 'tools/call', params }, session))
  const { id } = await nextMessage(stream)
  await three.kill(0)
  const killed = performance.now()
  await t.rejects(async () => { while ((await stream.next()).done !== true); throw new Error('the connection is cut') })
  const headers = { ...session, accept: 'text/event-stream', 'last-event-id': id as string }
  const resumed = events(await fetch(b, { headers }))
  let message
  do ({ message } = await nextMessage(resumed)); while (message.method === 'notifications/progress')
  const took = performance.now() - killed
  t.comment(`${took.toFixed(0)} ms`)
  t.match(message, { id: 'orphan', error: { code: Number, message: String } })
  t.ok(took < SOON)
  t.equal((await resumed.next()).done, true)
  t.equal((await post(b, call('counter'), session)).status, 200, 'the session goes on')
  await three.replace(0)
})

everyFleet('an answer to a question of a killed replica is refused, not swallowed', async (t, three) => {
  const { url, places: [a, b] } = three
  const { transport } = await connected(t, url, { capabilities: { elicitation: {} } })
  const session = sessionOf(transport)
  const { message } = await nextMessage(events(await post(a, { ...call('ask', { question: '?' }), id: 'q' }, session)))
  await three.kill(0)
  const { status } = await post(b, { jsonrpc: '2.0', id: message.id, result: { action: 'cancel' } }, session)
  t.ok(status >= 400 && status < 500, `${status}`)
  await three.replace(0)
})

async function timed (work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}
