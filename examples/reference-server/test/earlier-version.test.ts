import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Sessions, file, unsealed } from '@holdfast/core'
import { call, count, post } from '@holdfast/clients/by-hand'
import { allMessages } from '@holdfast/clients/events'
import { memory } from '@holdfast/memory'
import { RedisServer } from '@holdfast/real-redis'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { type ChildServer, startChildServer } from '../dist/child-server.js'

/** What a version before the first release left behind: see `make.mjs`. */
const LEFT = fileURLToPath(new URL('../test/fixtures/earlier/', import.meta.url))
const left = async (name: string): Promise<any> => JSON.parse(await readFile(join(LEFT, name), 'utf8'))
const { keys, sessions, n8nMcpKey } = await left('state.json')

const SEALING: Record<string, Record<string, string>> = {
  sealed: { HOLDFAST_KEYS: keys },
  plain: { HOLDFAST_ENCRYPTION: 'none' }
}
const COMMON = {
  HOLDFAST_IDLE: '36500d',
  HOLDFAST_ABSOLUTE: '36500d',
  HOLDFAST_DEMO_TOKENS: 'tenant-a:token-a,tenant-b:token-b'
}

async function serving (t: Test, environment: Record<string, string>): Promise<ChildServer> {
  const server = await startChildServer({ ...COMMON, ...environment })
  t.teardown(async () => { await server.kill() })
  return server
}

async function filled (t: Test, kind: string): Promise<RedisServer> {
  const server = await RedisServer.start(['--appendonly', 'yes'])
  t.teardown(async () => { await server.stop() })
  const redis = new Redis(server.url)
  for (const command of await left(`redis-${kind}.json`) as string[][]) {
    const [name = '', ...args] = command.map(argument => Buffer.from(argument, 'base64'))
    await redis.call(name.toString(), ...args)
  }
  redis.disconnect()
  return server
}

async function folder (t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-test-'))
  t.teardown(async () => { await rm(path, { recursive: true, force: true }) })
  return path
}

/** The session goes on as if nothing had happened, and ends as any other. */
async function goesOn (t: Test, { url, log }: ChildServer, name: string): Promise<void> {
  const { id, total, lastEventId } = sessions[name]
  const mine = { authorization: 'Bearer token-a', 'mcp-session-id': id }
  const foreign = { ...mine, authorization: 'Bearer token-b' }
  t.equal((await post(url, call('counter'), foreign)).status, 404)
  const resumed = await fetch(url, { headers: { ...mine, accept: 'text/event-stream', 'last-event-id': lastEventId } })
  t.match(await allMessages(resumed), [
    { method: 'notifications/progress', params: { progress: 2, total: 3 } },
    { method: 'notifications/progress', params: { progress: 3, total: 3 } },
    { id: 2, result: { structuredContent: { steps: 3 } } }
  ])
  t.equal(await count(url, mine), total + 1)
  t.match(await (await post(url, call('whoami'), mine)).json(), {
    result: {
      structuredContent: {
        client: { name: 'earlier' },
        principal: { subject: 'tenant-a' },
        protocolVersion: '2025-11-25',
        apiKey: '…nt-a'
      }
    }
  })
  t.equal((await fetch(url, { method: 'DELETE', headers: mine })).status, 200)
  t.equal((await post(url, call('counter'), mine)).status, 404)
  t.equal(log(), '')
}

for (const kind of ['sealed', 'plain']) {
  t.test(`a Redis of an earlier version, ${kind}, goes on`, async t => {
    const redis = await filled(t, kind)
    const environment = { HOLDFAST_BACKEND: 'redis', REDIS_URL: redis.url, ...SEALING[kind] }
    await goesOn(t, await serving(t, environment), `redis-${kind}`)
  })

  t.test(`a snapshot of an earlier version, ${kind}, goes on`, async t => {
    const path = join(await folder(t), 'sessions')
    await copyFile(join(LEFT, `snapshot-${kind}`), path)
    const environment = { HOLDFAST_BACKEND: 'memory', HOLDFAST_SNAPSHOT: path, ...SEALING[kind] }
    await goesOn(t, await serving(t, environment), `snapshot-${kind}`)
  })
}

for (const [name, key] of [['n8n-mcp-plain.json', undefined], ['n8n-mcp-sealed', n8nMcpKey]]) {
  t.test(`sessions of n8n-mcp go on: ${name}`, async t => {
    const ttl = { idle: '36500d', absolute: '36500d' }
    const restored = new Sessions({ backend: memory(), codec: unsealed, ttl })
    const n8nMcp = key === undefined ? {} : { key }
    const report = await restored.restoreSessionState(file(join(LEFT, name)), { n8nMcp })
    t.match(report, { restored: 1, invalid: [] })
    const session = await restored.open('instance-1-7b3c5a2e', null)
    t.match(session?.context, { n8nApiUrl: 'https://n8n.example', n8nApiKey: 'an api key' })
    t.strictSame(await session?.update(data => { data.total = 1 }), { total: 1 })
  })
}
