import { once } from 'node:events'
import { join } from 'node:path'
import { type Readable, Writable } from 'node:stream'
import t from 'tap'
import { Redis } from 'ioredis'
import { generateKey } from '@holdfast/envelope'
import { RedisServer, until } from '@holdfast/real-redis'
import { corner, crowd, furnished } from './fixtures/furnished.js'
import { folder } from './fixtures/folder.js'
import { holdfast } from './fixtures/holdfast.js'
import { onTerminal, start } from './fixtures/spawned.js'

const server = await RedisServer.start()
t.teardown(async () => { await server.stop() })
const { url } = server
t.jobs = 2

t.test('results go to stdout, the rest to stderr, and the exit code says how it went', {
  buffered: true
}, async (t) => {
  const { env } = await furnished(t, url)
  t.match(await start(['sessions', 'list', '--subject', 'bob'], env).ended, { code: 0, out: / bob\n$/, err: '' })
  t.match(await start(['sessions', 'revoke', '--subject', 'bob'], env).ended, { code: 2, out: '', err: /use --yes/ })
  t.match(await start(['sessions', 'lst'], env).ended, { code: 2, out: '', err: /Did you mean list\?/ })
  t.match(await start(['keys', 'rotate'], { ...env, HOLDFAST_KEYS: generateKey() }).ended, {
    code: 1, out: '', err: /open none/
  })
})

t.test('while Redis is down, a command says so and ends, without the password', { buffered: true }, async (t) => {
  const env = { HOLDFAST_KEYS: generateKey(), REDIS_URL: 'redis://user:SECRET@127.0.0.1:1' }
  const began = performance.now()
  const { code, out, err } = await start(['sessions', 'list'], env).ended
  t.ok(performance.now() - began < 10_000, 'soon')
  t.match({ code, err }, { code: 1, err: /^holdfast: There is no connection to Redis/ })
  t.notMatch(out + err, /SECRET/)
})

t.test('a list ends when its reader is gone', { buffered: true }, async (t) => {
  const own = await RedisServer.start()
  t.teardown(async () => { await own.stop() })
  const { sessions, env } = corner(t, own.url)
  await crowd(sessions, 1_000)
  const raw = new Redis(own.url)
  t.teardown(() => { raw.disconnect() })
  /** Pages that were asked for. */
  const pages = async (read: (stdout: Readable) => Promise<void>) => {
    await raw.config('RESETSTAT')
    const { child, ended } = start(['sessions', 'list', '--json'], env)
    await read(child.stdout)
    t.match(await ended, { code: 0, err: '' })
    return Number(/cmdstat_zrangebylex:calls=(\d+)/.exec(await raw.info('commandstats'))?.[1])
  }
  const all = await pages(async () => {})
  const some = await pages(async stdout => {
    await once(stdout, 'data')
    stdout.destroy()
  })
  t.ok(some < all / 2, `${some} of ${all}`)
})

t.test('a result that cannot be written is a failure, and a result without a reader is none', {
  buffered: true
}, async (t) => {
  const broken = (code: string) => new Writable({
    write (text, encoding, done) { done(Object.assign(new Error(`broken by ${code}`), { code })) }
  })
  t.match(await holdfast(['keys', 'generate'], {}, { stdout: broken('ENOSPC') }), {
    code: 1, err: /could not be written. broken by ENOSPC/
  })
  t.match(await holdfast(['keys', 'generate'], {}, { stdout: broken('EPIPE') }), { code: 0, err: '' })
  t.match(await holdfast(['doctor'], {}, { stdout: broken('EPIPE') }), { code: 1, err: '' })
})

t.test('Ctrl-C stops a migration, which continues when it is run again', { buffered: true }, async (t) => {
  const { sessions, env } = corner(t, url)
  const target = corner(t, url)
  await crowd(sessions, 1_000)
  const migrate = ['migrate', url, '--json', '--to-prefix', target.env.HOLDFAST_REDIS_PREFIX]
  const { child, ended } = start([...migrate, '--batch-size', '1'], env)
  await until('the first are there', async () => await target.sessions.count() > 0)
  child.kill('SIGINT')
  const stopped = await ended
  t.match(stopped, { code: 1, err: /migration stopped.*The command was interrupted/ })
  const { copied } = JSON.parse(stopped.out)
  t.ok(copied < 1_000, copied)
  t.match(JSON.parse((await start(migrate, env).ended).out), { copied: 1_000 - copied, skipped: copied, failed: [] })
})

t.test('on a terminal it asks, and shows a bar', { buffered: true }, async (t) => {
  const { sessions, env } = await furnished(t, url)
  const revoke = ['sessions', 'revoke', '--subject', 'bob']
  for (const answer of ['n\r', '\r', '\u0003', '\u0004']) {
    t.match(
      await onTerminal(revoke, env, answer), { code: 1, out: /\(1\)\? \[y\/N\][^]*Nothing was changed/ },
      JSON.stringify(answer)
    )
  }
  t.equal(await sessions.count(), 4)
  t.match(await onTerminal(revoke, env, 'y\r'), { code: 0, out: /terminated 1/ })
  t.equal(await sessions.count(), 3)
  t.match(await onTerminal(['export', join(folder(t), 'snapshot')], env), {
    code: 0, out: /exported [█░]+ 3 of 3[^]*exported 3/
  })
})
