import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t from 'tap'
import { examine, type RedisAdviceCode } from '../dist/advice.js'
import { clockAhead } from '../dist/clock.js'
import { Doctor } from '../dist/doctor.js'
import { REDIS_ADVICE } from '../dist/index.js'
import { single } from './fixtures/single.js'

t.test('a Redis that is safe gets no advice', async (t) => {
  const { raw } = await single(t)
  t.strictSame(await examine(raw), [])
})

t.test('eviction and missing persistence are found', async (t) => {
  const { raw } = await single(t, {}, ['--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru'])
  t.strictSame(await examine(raw), ['REDIS_EVICTS', 'REDIS_NOT_PERSISTENT'])
})

t.test('old versions and connections without TLS are found', async (t) => {
  const seen = async (version: string, options: object): Promise<RedisAdviceCode[]> =>
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

t.test('a user who may not look is told so', async (t) => {
  const { server, raw } = await single(t)
  await raw.acl('SETUSER', 'blind', 'on', '>secret', '~*', '+@all', '-info')
  const blind = new Redis({ port: server.port, username: 'blind', password: 'secret' })
  t.teardown(() => { blind.disconnect() })
  t.strictSame(await examine(blind), ['REDIS_UNCHECKED'])
})

t.test('whoever warns tells each advice once, and lets everything through', async (t) => {
  const { backend, raw, warnings } = await single(t, {}, ['--appendonly', 'no'])
  await backend.ping()
  await backend.ping()
  await raw.call('client', 'kill', 'type', 'normal', 'skipme', 'yes')
  await backend.ping()
  t.match(warnings, [{ name: 'RedisAdvice', code: 'REDIS_NOT_PERSISTENT' }])
  t.equal(warnings.length, 1)
})

t.test('whoever is strict lets nothing through until it is safe', async (t) => {
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

t.test('whoever asks is told what is found now and how the clocks differ, also where it is strict', async (t) => {
  const { backend, raw } = await single(t, { durability: 'strict' }, ['--appendonly', 'no'])
  const { advice, clockAhead } = await backend.examine()
  t.strictSame(advice, ['REDIS_NOT_PERSISTENT'])
  t.ok(Math.abs(clockAhead) < 5_000, `${clockAhead} ms`)
  await raw.config('SET', 'appendonly', 'yes')
  t.strictSame((await backend.examine()).advice, [])
})

t.test('of a Cluster, the clock that differs most counts', async (t) => {
  const node = (ahead: number) => ({ time: async () => [Math.trunc(Date.now() / 1000) + ahead, '0'] })
  const cluster = { isCluster: true, nodes: () => [node(0), node(-60), node(30)] }
  const ahead = await clockAhead(cluster as unknown as Parameters<typeof clockAhead>[0])
  t.ok(ahead < -59_000 && ahead > -70_000, `${ahead} ms`)
})

t.test('an examination that fails is made again', async (t) => {
  let asked = 0
  const doctor = new Doctor(async () => {
    if (asked++ === 0) throw new Error('Connection is closed.')
    return []
  }, true, () => {}, () => 0)
  await t.rejects(doctor.admit(), { message: 'Connection is closed.' })
  await doctor.admit()
  doctor.look()
  await doctor.admit()
  t.equal(asked, 3)
})

t.test('the README lists every advice', async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  for (const code of Object.keys(REDIS_ADVICE)) t.match(readme, code)
})

t.test('a server that does not answer is not judged', async (t) => {
  const silent = {
    isCluster: false,
    options: { host: '127.0.0.1' },
    info: async () => { throw new Error('Connection is closed.') }
  }
  await t.rejects(examine(silent as unknown as Parameters<typeof examine>[0]), { message: 'Connection is closed.' })
})
