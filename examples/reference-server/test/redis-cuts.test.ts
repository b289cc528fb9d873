import { cutReplies } from '@holdfast/cut-replies'
import { generateKey } from '@holdfast/fastify'
import { RedisServer } from '@holdfast/real-redis'
import { Redis } from 'ioredis'
import t from 'tap'
import { onRedis } from './fixtures/on-redis.js'

/** Ten of each kind of command and server; the endurance suite makes 10,000. */
const CUTS = 200
const SERVERS = 2

t.test(`${CUTS} cuts between command and answer: nothing is applied twice, nothing is left pending`, async t => {
  const redis = await RedisServer.start(['--appendonly', 'yes', '--maxmemory-policy', 'noeviction'])
  const raw = new Redis(redis.url)
  t.teardown(async () => {
    raw.disconnect()
    await redis.stop()
  })
  const HOLDFAST_KEYS = generateKey()
  const results = await Promise.all(Array.from({ length: SERVERS }, async () =>
    await cutReplies(redis, async url => await onRedis(t, url, { HOLDFAST_KEYS }), CUTS / SERVERS)))
  const sum = (of: 'cuts' | 'asked' | 'failed' | 'increments' | 'opened'): number =>
    results.reduce((total, result) => total + result[of], 0)
  t.ok(sum('cuts') >= CUTS, 'a reply of another client may have been cut as well')
  t.strictSame(results.flatMap(({ wrong }) => wrong), [])
  t.ok(sum('failed') < sum('asked') / 20, 'hardly anybody noticed')
  t.comment(`${sum('asked')} requests, ${sum('failed')} of them answered with an error, ` +
    `${sum('increments')} increments`)
  const records = (await raw.keys('holdfast:*:r:*')).length
  const [opened, failed] = [sum('opened'), sum('failed')]
  t.ok(records >= opened && records <= opened + failed, 'as many sessions as were opened and not ended')
})
