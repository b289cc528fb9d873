import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKey } from '@holdfast/envelope'
import { RedisServer, until } from '@holdfast/real-redis'
import { appendOnly, contents, traffic } from '@holdfast/real-redis/contents'
import { type ChildServer, startChildServer } from '@holdfast/reference-server/child-server'
import { Redis } from 'ioredis'
import { CanarySearch } from '../canary-search.js'
import type { Scenario } from '../scenario.js'
import { SdkClient } from '../sdk-client.js'
import { send } from '@holdfast/clients/send'

/** Secrets that each client brings, or is given. */
const KINDS = [
  'token', 'tenant', 'API key', 'client name', 'question', 'announcement', 'argument', 'session id'
] as const
type Secrets = Record<(typeof KINDS)[number], string>

export const canaries: Scenario = {
  promise: 'no secret, no id and nothing that a session holds is in a log, a metric, an answer to somebody else, ' +
    'or readable in Redis, its traffic, its file or a snapshot',
  figures: '1,000 canaries of eight kinds, on Redis and on a snapshot',
  deadline: 10,
  run: async trial => {
    const clients = trial.volume(125, 4)
    const redis = await RedisServer.start([
      '--appendonly', 'yes', '--maxmemory-policy', 'noeviction', '--aof-use-rdb-preamble', 'no'
    ])
    trial.defer(async () => { await redis.stop() })
    const raw = new Redis(redis.url)
    trial.defer(() => { raw.disconnect() })
    const heard = await traffic(redis.url)
    trial.defer(heard.stop)
    const secrets = Array.from({ length: clients }, secretsOf)
    const keys = generateKey()
    const snapshot = join(await mkdtemp(join(tmpdir(), 'canaries-')), 'sessions')
    const environment = {
      HOLDFAST_KEYS: keys,
      HOLDFAST_METRICS: '1',
      HOLDFAST_DEMO_TOKENS: secrets.map(one => `${one.tenant}:${one.token}`).join()
    }
    const onRedis = { ...environment, HOLDFAST_BACKEND: 'redis', REDIS_URL: redis.url }
    const inMemory = { ...environment, HOLDFAST_BACKEND: 'memory', HOLDFAST_SNAPSHOT: snapshot }
    const servers = await Promise.all([onRedis, onRedis, inMemory].map(async variables =>
      await startChildServer(variables)))
    trial.defer(async () => { await Promise.all(servers.map(async server => { await server.kill() })) })

    const answers: string[] = []
    for (const [n, one] of secrets.entries()) {
      // One of five lives in memory, the others in Redis.
      const [first, second] = n % 5 === 0 ? [servers[2], servers[2]] : [servers[n % 2], servers[(n + 1) % 2]]
      const other = secrets[(n + 1) % clients] as Secrets
      answers.push(...await use(one, first as ChildServer, second as ChildServer, other))
      trial.progress(n + 1, clients, `${n + 1} clients`)
    }
    const metrics = await Promise.all(servers.map(async ({ url }) =>
      (await send(new URL('/metrics', url), { method: 'GET' })).text))
    await until('the traffic is seen', async () => heard.bytes().includes('bus:mcp:fleet'))
    const { bytes: inRedis } = await contents(raw)
    for (const server of servers) assert.equal(await server.stop(), 0)

    const named = new Map(secrets.flatMap((one, n) => KINDS.map(kind => [`${kind} ${n}`, one[kind]])))
    named.set('the key', keys.slice(keys.indexOf(':') + 1))
    const search = new CanarySearch(named)
    const places = {
      'the keys and values in Redis': inRedis,
      'the append-only file': await appendOnly(redis.dir),
      'what Redis is sent': heard.bytes(),
      'the snapshot': await readFile(snapshot),
      'the logs': Buffer.from(servers.map(({ output, log }) => output() + log()).join('')),
      'the metrics': Buffer.from(metrics.join('')),
      'answers to others': Buffer.from(answers.join('\n'))
    }
    for (const [name, canary] of [...named].slice(0, KINDS.length)) {
      const hidden = `x${Buffer.from(`y${canary}z`).toString('base64')}`
      assert.ok(search.found(Buffer.from(hidden)).length > 0, `${name} would be found`)
    }
    let size = 0
    for (const [place, bytes] of Object.entries(places)) {
      assert.ok(bytes.length > 0 || place === 'the logs', `there is something in ${place}`)
      assert.deepEqual(search.found(bytes), [], place)
      size += bytes.length
    }
    return `${named.size} canaries, none in ${(size / 2 ** 20).toFixed(1)} MiB: ${Object.keys(places).join(', ')}`
  }
}

function secretsOf (): Secrets {
  return Object.fromEntries(KINDS.map(kind =>
    [kind, `${kind.slice(0, 3).replace(' ', '-')}-${randomBytes(18).toString('base64url')}`])) as Secrets
}

/**
 * Uses everything that takes something of the client's, then what must not work.
 *
 * @returns all answers to somebody else
 */
async function use (one: Secrets, first: ChildServer, second: ChildServer, other: Secrets): Promise<string[]> {
  const own = { authorization: `Bearer ${one.token}`, 'x-api-key': one['API key'] }
  const client = await SdkClient.open(first.url, one['client name'], own)
  one['session id'] = client.sessionId
  await client.call('counter')
  const { answer } = await client.call('ask', { question: one.question })
  assert.equal(answer, `${one.question} ${one['client name']}`)
  await client.hears(one.announcement)
  const session = { ...own, 'mcp-session-id': client.sessionId, 'mcp-protocol-version': '2025-11-25' }
  const { argument } = one
  const called = (name: string, given: object): object => ({ name, arguments: given })
  const misuses = [
    { jsonrpc: '2.0', id: 1, method: 'tools/call', params: called('counter', { by: argument }) },
    { jsonrpc: '2.0', id: 2, method: argument, params: { _meta: { progressToken: argument } } },
    { jsonrpc: '2.0', id: 3, method: 'prompts/get', params: called('test_simple_prompt', { [argument]: argument }) },
    { jsonrpc: '2.0', id: 4, method: 'tools/call', params: called('test_error_handling', { text: argument }) },
    { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 99, reason: one.argument } },
    { jsonrpc: '2.0', id: '0123456789abcdef.1', result: { action: 'accept', content: { answer: one.argument } } }
  ]
  for (const message of misuses) await send(second.url, { message, headers: session })
  const answers: string[] = []
  const strangers = [
    { ...session, authorization: `Bearer ${other.token}` },
    { ...session, authorization: `Bearer ${one.token}x` },
    { 'mcp-session-id': one['session id'] }
  ]
  for (const headers of strangers) {
    for (const method of ['POST', 'GET', 'DELETE']) {
      const message = method === 'POST' && { message: misuses[0] as object }
      const { status, text } = await send(second.url, { method, headers, ...message })
      assert.ok(status === 404 || status === 401, `a stranger was answered ${status}`)
      answers.push(text)
    }
  }
  await client.close()
  return answers
}
