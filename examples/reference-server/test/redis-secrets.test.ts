import { type Connected, connected } from '@holdfast/clients/connected'
import { generateKey } from '@holdfast/fastify'
import { RedisServer, until } from '@holdfast/real-redis'
import { appendOnly, contents, traffic } from '@holdfast/real-redis/contents'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { Redis } from 'ioredis'
import t from 'tap'
import { onRedis } from './fixtures/on-redis.js'

const TOKENS = { 'canary-tenant-alpha': 'canary-token-of-alpha', 'canary-tenant-beta': 'canary-token-of-beta' }
const API_KEY = 'canary-of-the-api-key'
const QUESTION = 'canary in a question'
const ANSWER = 'canary in an answer'
const SAID = 'canary in an announcement'
const CLIENT = 'a-client'

type Named = [name: string, canary: string]

t.test('neither Redis, nor its traffic, nor the log shows a secret, an id or the content of a session', async t => {
  const redis = await RedisServer.start([
    '--appendonly', 'yes', '--maxmemory-policy', 'noeviction', '--aof-use-rdb-preamble', 'no'
  ])
  const raw = new Redis(redis.url)
  const heard = await traffic(redis.url)
  t.teardown(async () => {
    raw.disconnect()
    heard.stop()
    await redis.stop()
  })
  const keys = generateKey()
  const environment = {
    HOLDFAST_KEYS: keys,
    HOLDFAST_DEMO_TOKENS: Object.entries(TOKENS).map(entry => entry.join(':')).join(),
    HOLDFAST_STREAM_AFTER: '50ms'
  }
  const servers = [await onRedis(t, redis.url, environment), await onRedis(t, redis.url, environment)] as const
  const [one, two] = servers

  const ids: string[] = []
  for (const token of Object.values(TOKENS)) {
    const it = await connected(t, one.url, { token, apiKey: API_KEY, capabilities: { elicitation: {} } })
    ids.push(it.transport.sessionId as string)
    await use(it, one.url)
    await misuse(two.url, it, token)
  }
  const [first = ''] = ids
  const authorization = `Bearer ${Object.values(TOKENS)[0] as string}`
  const gone = await fetch(two.url, { method: 'DELETE', headers: { authorization, 'mcp-session-id': first } })
  t.equal(gone.status, 200)

  const held = await contents(raw)
  await until('the monitor has seen it', async () => heard.bytes().includes('bus:mcp:fleet'))
  const [pid] = await Promise.all(servers.map(async server => await server.stop()))
  t.equal(pid, 0)
  const places: Record<string, Buffer> = {
    'names and values': held.bytes,
    'append-only file': await appendOnly(redis.dir),
    traffic: heard.bytes(),
    log: Buffer.from(servers.map(server => server.output() + server.log()).join(''))
  }
  t.strictSame(held.types, ['hash', 'list', 'set', 'string', 'zset'], 'every type of value is there')
  for (const place of ['append-only file', 'traffic']) {
    t.ok(places[place]?.includes('holdfast:'), `the ${place} was read`)
  }

  const base64 = keys.slice(keys.indexOf(':') + 1)
  const canaries: Named[] = [
    ...ids.map((id, i): Named => [`session id ${i}`, id]),
    ...Object.entries(TOKENS).flatMap(([tenant, token], i): Named[] =>
      [[`principal ${i}`, tenant], [`token ${i}`, token]]),
    ['x-api-key', API_KEY], ['question', QUESTION], ['answer', ANSWER], ['announcement', SAID],
    ['clientInfo', CLIENT], ['key', base64]
  ]
  for (const [place, bytes] of Object.entries(places)) {
    const shown = canaries.flatMap(([name, canary]) =>
      forms(canary).filter(([, form]) => bytes.includes(form)).map(([how]) => `${name} as ${how}`))
    t.strictSame(shown, [], `${place}: ${bytes.length} bytes`)
  }
  const probe = Buffer.from(`x${forms(first)[2]?.[1].toString() ?? ''}x`)
  t.ok(forms(first).some(([, form]) => probe.includes(form)), 'a canary would be found')

  async function use (it: Connected, url: URL): Promise<void> {
    it.client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { answer: ANSWER } }))
    await it.call('counter', { by: 3 })
    t.match(await it.call('ask', { question: QUESTION }), { answer: ANSWER })
    await it.call('announce', { text: SAID })
    await it.call('countdown', { steps: 2, intervalMs: 60, announce: SAID })
    const id = it.transport.sessionId as string
    const foreign = { accept: 'text/event-stream', authorization: 'Bearer nobody', 'mcp-session-id': id }
    t.equal((await fetch(url, { headers: foreign })).status, 401)
  }
})

/** Messages between replicas, and errors: answers that arrive elsewhere, unknown ids, a session of another owner. */
async function misuse (url: URL, { transport }: Connected, token: string): Promise<void> {
  const own = { authorization: `Bearer ${token}`, 'mcp-session-id': transport.sessionId as string }
  const others = Object.values(TOKENS).filter(other => other !== token)
  const messages = [
    { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 99, reason: SAID } },
    { jsonrpc: '2.0', method: 'notifications/roots/list_changed' },
    { jsonrpc: '2.0', id: '0123456789abcdef.1', result: { action: 'accept', content: { answer: ANSWER } } },
    { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'counter', arguments: { by: SAID } } },
    { jsonrpc: '2.0', id: 2, method: SAID, params: { _meta: { progressToken: ANSWER } } }
  ]
  const senders = [
    own,
    { ...own, authorization: `Bearer ${others[0] as string}` },
    { ...own, 'mcp-session-id': `${own['mcp-session-id']}x` }
  ]
  for (const headers of senders) {
    for (const message of messages) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        body: JSON.stringify(message)
      })
      await response.text()
    }
  }
}

/** As text, hexadecimal, and base64 wherever it begins: what depends on its neighbours is left out. */
function forms (canary: string): Array<[how: string, form: Buffer]> {
  const bytes = Buffer.from(canary)
  const shifted = [0, 1, 2].flatMap(shift => {
    const padded = Buffer.concat([Buffer.alloc(shift), bytes])
    const whole = padded.subarray(0, padded.length - padded.length % 3)
    return (['base64', 'base64url'] as const).map((encoding): [string, Buffer] =>
      [`${encoding} from ${shift}`, Buffer.from(whole.toString(encoding).slice(shift === 0 ? 0 : 4))])
  })
  const hex = bytes.toString('hex')
  return [['text', bytes], ['hex', Buffer.from(hex)], ['HEX', Buffer.from(hex.toUpperCase())], ...shifted]
}
