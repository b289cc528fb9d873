import t from 'tap'
import { Redis } from 'ioredis'
import type { SessionSummary } from '@holdfast/core'
import { RedisServer } from '@holdfast/real-redis'
import { corner, crowd, furnished } from './fixtures/furnished.js'
import { holdfast } from './fixtures/holdfast.js'

const [server, full] = await Promise.all([
  RedisServer.start(), RedisServer.start(['--maxmemory', '3mb', '--maxmemory-policy', 'noeviction'])
])
t.teardown(async () => { await Promise.all([server.stop(), full.stop()]) })
const { url } = server

t.test('sessions move to another Redis without keys', async (t) => {
  const { sessions, env: { REDIS_URL, HOLDFAST_REDIS_PREFIX } } = await furnished(t, url)
  const target = corner(t, url, (await furnished(t, url)).env.HOLDFAST_KEYS)
  const env = { REDIS_URL, HOLDFAST_REDIS_PREFIX }
  const migrate = ['migrate', url, '--to-prefix', target.env.HOLDFAST_REDIS_PREFIX]
  t.match(await holdfast(migrate, env), { code: 0, out: /^copied 4, .*failed 0\n/, err: 'migrated: 4 of 4\n' })
  t.equal(await target.sessions.count(), 4)
  t.match(await holdfast([...migrate, '--json', '--skip-existing'], env), {
    code: 0, out: /"copied":0,"updated":0,"skipped":4/
  })
  t.match(await holdfast(['migrate'], { ...env, REDIS_TARGET_URL: url }), { code: 2, err: /another backend/ })
  t.match(await holdfast([...migrate, '--delete'], env), { code: 2, out: '', err: /--yes/ })
  t.match(await holdfast([...migrate, '--delete'], env, { typed: 'n\n' }), { code: 1, err: /Nothing was changed/ })
  t.equal(await sessions.count(), 4)
  t.match(await holdfast([...migrate, '--delete'], env, { typed: 'y\n' }), { code: 0, out: /deleted 4/ })
  t.equal(await sessions.count(), 0)
})

t.test('an interrupted migration reports how far it got, and continues when it is run again', async (t) => {
  const { sessions, env } = corner(t, url)
  const target = corner(t, url)
  await crowd(sessions, 500)
  const migrate = ['migrate', url, '--json', '--to-prefix', target.env.HOLDFAST_REDIS_PREFIX]
  const interrupt = (err: string) => / 0 of/.test(err)
  const stopped = await holdfast(migrate, env, { typed: '', interrupt })
  t.match(stopped, { code: 1, err: /migration stopped.*The command was interrupted/ })
  const { copied } = JSON.parse(stopped.out)
  t.ok(copied > 0 && copied < 500, copied)
  t.equal(await target.sessions.count(), copied)
  t.equal(await sessions.count(), 500)
  t.match(JSON.parse((await holdfast(migrate, env)).out), { copied: 500 - copied, skipped: copied, failed: [] })
})

t.test('a target that fills up stops it; the source stays as it was', async (t) => {
  const { sessions, env } = corner(t, url)
  await crowd(sessions, 3_000)
  const ended = await holdfast(['migrate', full.url, '--delete', '--yes'], env)
  t.match(ended, { code: 1, out: /^copied [1-9].*deleted 0/, err: /no room left/ })
  t.equal(await sessions.count(), 3_000)
})

t.test('a session that is refused does not stop the migration, and is named', async (t) => {
  const { sessions, env } = await furnished(t, url)
  const target = corner(t, url)
  const raw = new Redis(url)
  t.teardown(() => { raw.disconnect() })
  const [{ key }] = (await sessions.list()).sessions as [SessionSummary]
  const [tag, digest] = key.split('.')
  await raw.set(`${target.env.HOLDFAST_REDIS_PREFIX}{${tag}}:r:${digest}`, 'of somebody else')
  t.match(await holdfast(['migrate', url, '--to-prefix', target.env.HOLDFAST_REDIS_PREFIX], env), {
    code: 1, out: /^copied 3,.*failed 1\n[\w-]{8}: REDIS_FOREIGN\n$/
  })
})
