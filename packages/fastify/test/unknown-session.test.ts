import { randomBytes } from 'node:crypto'
import t from 'tap'
import { memory } from '@holdfast/memory'
import { RawClient, toolCall } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'

const asUser = (name: string): Record<string, string> => ({ 'x-user': name })

async function seen (response: Response): Promise<unknown> {
  const headers = Object.fromEntries(response.headers)
  delete headers.date
  return { status: response.status, headers, body: await response.text() }
}

t.test('unknown, foreign, expired and terminated sessions are one and the same 404', async t => {
  let now = Date.now()
  const { url } = await start(t, {
    backend: memory({ now: () => now }),
    ttl: { idle: '1m' },
    principal: ({ headers }) => ({ subject: String(headers['x-user']) })
  })
  const expired = await RawClient.open(url, { headers: asUser('me') })
  now += 40_000
  const mine = await RawClient.open(url, { headers: asUser('me') })
  const terminated = await RawClient.open(url, { headers: asUser('me') })
  t.equal((await terminated.delete()).status, 200)
  const foreign = await RawClient.open(url, { headers: asUser('you') })
  now += 40_000
  const ids: Record<string, string> = {
    terminated: terminated.id,
    foreign: foreign.id,
    expired: expired.id,
    short: 'x',
    long: 'x'.repeat(4000),
    'of another alphabet': 'ÿþ',
    'with a comma': 'a, b',
    __proto__: '__proto__'
  }
  const requests: Record<string, (client: RawClient) => Promise<Response>> = {
    call: async client => await client.post(toolCall(5, 'echo')),
    notification: async client => await client.notify('notifications/initialized'),
    answer: async client => await client.post({ jsonrpc: '2.0', id: 'x', result: {} }),
    stream: async client => await client.get(),
    resume: async client => await client.resume('standalone.1'),
    delete: async client => await client.delete()
  }
  for (const [kind, send] of Object.entries(requests)) {
    const unknown = await seen(await send(mine.at(url, { 'mcp-session-id': randomBytes(32).toString('base64url') })))
    t.match(unknown, { status: 404, body: '{"jsonrpc":"2.0","id":' + (kind === 'call' ? '5' : 'null') })
    for (const [name, id] of Object.entries(ids)) {
      t.strictSame(await seen(await send(mine.at(url, { 'mcp-session-id': id }))), unknown, `${kind}: ${name}`)
    }
  }
  t.strictSame(await mine.call('echo', { fine: 1 }), { fine: 1 })
  t.strictSame(await foreign.call('echo', { fine: 2 }), { fine: 2 })
})

t.test('a request that needs a session and names none is told so', async t => {
  const { url } = await start(t)
  const client = new RawClient(url, { accept: 'application/json, text/event-stream' })
  for (const response of [await client.post(toolCall(1, 'echo')), await client.get(), await client.delete()]) {
    t.equal(response.status, 400)
    t.match(await response.json(), { jsonrpc: '2.0', error: { code: -32000, message: /Mcp-Session-Id/ } })
  }
})
