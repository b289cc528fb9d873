import t from 'tap'
import { RedisCluster, RedisServer, replicated } from '@holdfast/real-redis'
import { generateKey } from '@holdfast/envelope'
import { holdfast } from './fixtures/holdfast.js'
import { corner, furnished } from './fixtures/furnished.js'

t.jobs = 2

t.test('a Cluster by the URLs of its nodes', { buffered: true }, async (t) => {
  const cluster = await RedisCluster.start()
  t.teardown(async () => { await cluster.stop() })
  const alone = await RedisServer.start()
  t.teardown(async () => { await alone.stop() })
  const { env: from } = await furnished(t, alone.url)
  const nodes = cluster.servers.map(({ url }) => url).join(',')
  const env = { HOLDFAST_KEYS: from.HOLDFAST_KEYS, REDIS_URL: nodes }
  t.match(await holdfast(['migrate', nodes, '--to-prefix', 'holdfast:'], from), { code: 0, out: /^copied 4/ })
  t.match(await holdfast(['doctor'], env), { code: 0, out: /ok +redis policy[^]*ok +clock[^]*4 of 4/ })
  t.match(await holdfast(['sessions', 'revoke', '--subject', 'bob', '--yes'], env), { code: 0, out: 'terminated 1\n' })
  t.match(await holdfast(['sessions', 'list', '--json'], env), { code: 0, out: /^(\{.*"ada".*\}\n){3}$/ })
})

t.test('behind Sentinel', { buffered: true }, async (t) => {
  const { master, stop } = await replicated()
  t.teardown(stop)
  const sentinel = await RedisServer.sentinel(master)
  t.teardown(async () => { await sentinel.stop() })
  const { env } = await furnished(t, master.url)
  const behind = { ...env, REDIS_URL: sentinel.url, HOLDFAST_REDIS_MASTER: 'main' }
  t.match(await holdfast(['sessions', 'list'], behind), { code: 0, out: / bob\n/ })
  t.match(await holdfast(['sessions', 'list', '--redis', sentinel.url, '--master', 'main'], env), {
    code: 0, out: / bob\n/
  })
  t.match(await holdfast(
    ['migrate', sentinel.url, '--to-master', 'main', '--to-prefix', corner(t, master.url).env.HOLDFAST_REDIS_PREFIX],
    env
  ), {
    code: 0, out: /^copied 4/
  })
  t.match(await holdfast(['sessions', 'list'], {
    ...env, HOLDFAST_KEYS: generateKey(), REDIS_URL: sentinel.url, HOLDFAST_REDIS_MASTER: 'other'
  }), {
    code: 1, err: /no connection/i
  })
})
