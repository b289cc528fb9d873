import { randomUUID } from 'node:crypto'
import { createServer } from 'node:net'
import t from 'tap'
import { Redis } from 'ioredis'
import { recordKey } from '@holdfast/core'
import { generateKey } from '@holdfast/envelope'
import { RedisServer, until } from '@holdfast/real-redis'
import { corner, crowd, furnished } from './fixtures/furnished.js'
import { holdfast } from './fixtures/holdfast.js'
import { lateClock } from './fixtures/late-clock.js'

const server = await RedisServer.start(['--appendonly', 'yes'])
t.teardown(async () => { await server.stop() })
const { url } = server
t.jobs = 4

t.test('a Redis that is as it should be', { buffered: true }, async (t) => {
  const { env } = await furnished(t, url)
  t.match(await holdfast(['doctor'], env), {
    code: 0, out: /ok +keys +k1 seals\n.*policy[^]*persistence[^]*tls[^]*version[^]*clock[^]*4 of 4/, err: ''
  })
  t.match(await holdfast(['doctor'], corner(t, url).env), { code: 0, out: /ok +sessions +there are no sessions/ })
  t.match(await holdfast(['doctor'], { ...env, HOLDFAST_KEYS: `${env.HOLDFAST_KEYS},${generateKey('k2')}:revoked` }), {
    code: 0, out: /k1 seals, k2 revoked/
  })
})

t.test('keys that do not open what is stored, and none', { buffered: true }, async (t) => {
  const { env: { HOLDFAST_KEYS, ...env } } = await furnished(t, url)
  t.match(await holdfast(['doctor'], { ...env, HOLDFAST_KEYS: generateKey('k9') }), {
    code: 1, out: /failed +sessions +0 of 4/
  })
  t.match(await holdfast(['doctor'], env), { code: 1, out: /failed +keys[^]*ok +redis policy/ })
})

t.test('keys that do not open what is stored behind a page of expired sessions', { buffered: true }, async (t) => {
  const { env, sessions } = corner(t, url)
  const { vault: { backend: { records } } } = sessions
  const expiring = await Promise.all(Array.from({ length: 1_000 }, async () => {
    const key = recordKey('mcp', '', randomUUID())
    const record = { key, owner: '', idle: 1_000, absolute: 1_000, body: Buffer.from('x') }
    await records.create(record, { maxRecords: 2_000, maxPerOwner: 2_000 })
    return key
  }))
  for (const key of expiring) await until('it has expired', async () => await records.read(key) === undefined)
  let living
  do {
    if (living !== undefined) await sessions.terminate(living)
    living = await sessions.create({})
  } while ((await sessions.list({ limit: 100 })).sessions.length > 0)
  t.match(await holdfast(['doctor'], { ...env, HOLDFAST_KEYS: generateKey('k9') }), {
    code: 1, out: /failed +sessions +0 of 1/
  })
})

t.test('of many sessions, a hundred are checked', { buffered: true }, async (t) => {
  const { env, sessions } = corner(t, url)
  await crowd(sessions, 200)
  t.match(await holdfast(['doctor'], env), { code: 0, out: /ok +sessions +100 of 100/ })
})

t.test('a Redis that evicts and forgets', { buffered: true }, async (t) => {
  const bad = await RedisServer.start(['--maxmemory-policy', 'allkeys-lru'])
  t.teardown(async () => { await bad.stop() })
  const { code, out } = await holdfast(['doctor', '--json'], corner(t, bad.url).env)
  t.equal(code, 1)
  const found = JSON.parse(out).findings.filter(({ state }: { state: string }) => state === 'failed')
  t.strictSame(found.map(({ check }: { check: string }) => check), ['redis policy', 'redis persistence'])
})

t.test('a user that may not run INFO gets a warning about what was not checked', { buffered: true }, async (t) => {
  const raw = new Redis(url)
  t.teardown(() => { raw.disconnect() })
  await raw.acl('SETUSER', 'blind', 'on', '>SECRET', '~*', '&*', '+@all', '-info')
  const env = { ...corner(t, url).env, REDIS_URL: url.replace('//', '//blind:SECRET@') }
  t.match(await holdfast(['doctor'], env), {
    code: 0, out: /warning +redis policy +The user may not run INFO[^]*ok +redis tls/
  })
  const wrong = await holdfast(['doctor'], { ...env, REDIS_URL: url.replace('//', '//blind:WRONG@') })
  t.match(wrong, { code: 1, out: /failed +redis +Redis did not accept the user name or password/ })
  t.notMatch(wrong.out + wrong.err, /WRONG/)
})

t.test('without a Redis it warns that none was checked', { buffered: true }, async (t) => {
  t.match(await holdfast(['doctor'], { HOLDFAST_KEYS: generateKey('k1') }), {
    code: 0, out: /ok +keys[^]*warning +backend +not checked/
  })
})

t.test('clocks that differ too much', { buffered: true }, async (t) => {
  const { env } = corner(t, url)
  t.match(await holdfast(['doctor'], { ...env, REDIS_URL: await lateClock(t, server.port, 60) }), {
    code: 1, out: /failed +clock +the clock of Redis is (59|6\d)\d{3} ms behind the clock of this machine/
  })
})

t.test('a Redis that does not answer', { buffered: true }, async (t) => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  t.teardown(() => { silent.close() })
  await new Promise(resolve => { silent.once('listening', resolve) })
  const { port } = silent.address() as { port: number }
  const env = { HOLDFAST_KEYS: generateKey(), REDIS_URL: `redis://127.0.0.1:${port}` }
  t.match(await holdfast(['doctor'], env), { code: 1, out: /failed +redis +/ })
})
