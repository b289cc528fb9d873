import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t from 'tap'
import { clockAhead } from '../dist/clock.js'
import { examine } from '../dist/examine.js'
import { REDIS_RISKS, type RedisRiskCode } from '../dist/index.js'
import { SafetyCheck } from '../dist/safety-check.js'
import { single } from './fixtures/single.js'

t.test('a safe Redis has no risks', async (t) => {
  const { raw } = await single(t)
  t.strictSame(await examine(raw), [])
})

t.test('eviction and missing persistence are found', async (t) => {
  const { raw } = await single(t, {}, ['--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru'])
  t.strictSame(await examine(raw), ['REDIS_EVICTS', 'REDIS_NOT_PERSISTENT'])
})

t.test('old versions and connections without TLS are found', async (t) => {
  const seen = async (version: string, options: object): Promise<RedisRiskCode[]> =>
    await examine({
      options, info: async () => `${version}\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n`
    } as unknown as Redis)
  for (const version of ['redis_version:5.0.14', 'redis_version:6.0.16', '']) {
    t.strictSame(await seen(version, {}), ['REDIS_TOO_OLD'], version)
  }
  for (const version of [
    'redis_version:6.2.0', 'redis_version:7.0.15', 'redis_version:7.2.4\r\nvalkey_version:8.1.0'
  ]) {
    t.strictSame(await seen(version, {}), [], version)
  }
  const version = 'redis_version:7.0.15'
  for (const options of [
    { host: 'redis.example' }, { host: '10.0.0.1' }, { sentinels: [{ host: '127.0.0.1' }, { host: '10.0.0.1' }] }
  ]) {
    t.strictSame(await seen(version, options), ['REDIS_PLAINTEXT'])
  }
  for (const options of [
    { host: '10.0.0.1', tls: {} }, { host: '::1' }, { path: '/run/redis.sock' }, { sentinels: [{ port: 26379 }] }
  ]) {
    t.strictSame(await seen(version, options), [])
  }
})

t.test('a user that may not run INFO gets that as a risk', async (t) => {
  const { server, raw } = await single(t)
  await raw.acl('SETUSER', 'blind', 'on', '>secret', '~*', '+@all', '-info')
  const blind = new Redis({ port: server.port, username: 'blind', password: 'secret' })
  t.teardown(() => { blind.disconnect() })
  t.strictSame(await examine(blind), ['REDIS_UNCHECKED'])
})

t.test("with durability 'warn' each risk is reported once, and all calls go through", async (t) => {
  const { backend, raw, warnings } = await single(t, {}, ['--appendonly', 'no'])
  await backend.ping()
  await backend.ping()
  await raw.call('client', 'kill', 'type', 'normal', 'skipme', 'yes')
  await backend.ping()
  t.match(warnings, [{ name: 'RedisRisk', code: 'REDIS_NOT_PERSISTENT' }])
  t.equal(warnings.length, 1)
})

t.test("with durability 'strict' all calls reject until Redis is safe", async (t) => {
  const { backend, raw } = await single(t, { durability: 'strict' }, ['--appendonly', 'no'])
  await t.rejects(backend.ping(), { code: 'REDIS_UNSAFE' })
  await t.rejects(backend.records.count(), { code: 'REDIS_UNSAFE' })
  await raw.config('SET', 'appendonly', 'yes')
  const began = performance.now()
  for (let safe = false; !safe && performance.now() - began < 5000;) {
    await sleep(50)
    safe = await backend.ping().then(() => true, () => false)
  }
  await backend.ping()
})

t.test('examine() returns the current risks and the difference of the clocks, also when strict', async (t) => {
  const { backend, raw } = await single(t, { durability: 'strict' }, ['--appendonly', 'no'])
  const { risks, clockAhead } = await backend.examine()
  t.strictSame(risks, ['REDIS_NOT_PERSISTENT'])
  t.ok(Math.abs(clockAhead) < 5_000, `${clockAhead} ms`)
  await raw.config('SET', 'appendonly', 'yes')
  t.strictSame((await backend.examine()).risks, [])
})

t.test('in a Cluster, the clock with the largest difference counts', async (t) => {
  const node = (ahead: number) => ({ time: async () => [Math.trunc(Date.now() / 1000) + ahead, '0'] })
  const cluster = { isCluster: true, nodes: () => [node(0), node(-60), node(30)] }
  const ahead = await clockAhead(cluster as unknown as Parameters<typeof clockAhead>[0])
  t.ok(ahead < -59_000 && ahead > -70_000, `${ahead} ms`)
})

t.test('a failed examination is repeated', async (t) => {
  let asked = 0
  const safetyCheck = new SafetyCheck(async () => {
    if (asked++ === 0) throw new Error('Connection is closed.')
    return []
  }, true, () => {}, () => 0)
  await t.rejects(safetyCheck.admit(), { message: 'Connection is closed.' })
  await safetyCheck.admit()
  safetyCheck.look()
  await safetyCheck.admit()
  t.equal(asked, 3)
})

t.test('the README lists every risk', async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  for (const code of Object.keys(REDIS_RISKS)) t.match(readme, code)
})

t.test('the examination of a server that does not answer rejects', async (t) => {
  const silent = {
    isCluster: false,
    options: { host: '127.0.0.1' },
    info: async () => { throw new Error('Connection is closed.') }
  }
  await t.rejects(examine(silent as unknown as Parameters<typeof examine>[0]), { message: 'Connection is closed.' })
})
