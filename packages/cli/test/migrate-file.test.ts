import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { RedisServer } from '@holdfast/real-redis'
import { folder } from './fixtures/folder.js'
import { corner, furnished } from './fixtures/furnished.js'
import { holdfast } from './fixtures/holdfast.js'
import { furnishedFile, inFile } from './fixtures/in-file.js'

const server = await RedisServer.start()
t.teardown(async () => { await server.stop() })
const { url } = server

t.test('sessions move from Redis to a new file, to another file, and back', async (t) => {
  const { env: { HOLDFAST_KEYS, ...env } } = await furnished(t, url)
  const one = join(folder(t), 'data', 'one.db')
  const two = join(folder(t), 'two.db')
  t.match(await holdfast(['migrate', `sqlite:${one}`], env), { code: 0, out: /^copied 4, .*failed 0\n/ })
  t.equal(statSync(one).mode & 0o777, 0o600)
  t.equal(statSync(dirname(one)).mode & 0o777, 0o700)
  t.match(await holdfast(['migrate', `sqlite:${one}`], env), { code: 0, out: /^copied 0, updated 0, skipped 4/ })
  t.match(await holdfast(['migrate', `sqlite://${two}`, '--sqlite', one, '--delete', '--yes'], {}), {
    code: 0, out: /^copied 4.*deleted 4/
  })
  const { sessions, env: back } = corner(t, url, HOLDFAST_KEYS)
  t.match(await holdfast(['migrate', url, '--sqlite', two, '--to-prefix', back.HOLDFAST_REDIS_PREFIX], {}), {
    code: 0, out: /^copied 4/
  })
  t.equal((await sessions.list()).sessions.filter(({ state }) => state !== undefined).length, 4)
})

t.test('a file in use is a source and a target, but not of itself', async (t) => {
  const { path, env } = await furnishedFile(t)
  const { path: target, sessions } = inFile(t, env.HOLDFAST_KEYS)
  t.match(await holdfast(['migrate', `sqlite:${target}`], env), { code: 0, out: /^copied 4/ })
  t.equal(await sessions.count(), 4)
  t.match(await holdfast(['migrate', `sqlite:${path}`], env), { code: 2, err: /another backend/ })
})

t.test('a target of an unknown scheme is refused, and its text is not shown', async (t) => {
  const { env } = await furnishedFile(t)
  for (const target of ['postgres://ada:SECRET@host/db', 'SECRET.db', 'sqlite://SECRET', 'sqlite:', 'redis:SECRET']) {
    const { code, out, err } = await holdfast(['migrate', target], env)
    t.match({ code, out, err }, { code: 2, out: '', err: /expected.*redis:/ }, target)
    t.notMatch(err, /SECRET/)
  }
  t.match(await holdfast(['migrate', 'sqlite:redis://ada:SECRET@host'], env), { code: 2, err: /not a URL/ })
  t.match(await holdfast(['migrate', 'nowhere'], env), { err: /sqlite:<path>, redis:.*rediss:/ })
  t.match(await holdfast(['migrate'], { ...env, REDIS_TARGET_URL: 'sqlite:x' }), { code: 2, err: /REDIS_TARGET_URL/ })
  for (const option of ['--to-prefix', '--to-master']) {
    t.match(await holdfast(['migrate', 'sqlite:x', option, 'x'], env), { code: 2, err: /for Redis only/ })
  }
})

t.test('a source that does not answer makes no target', async (t) => {
  const target = join(folder(t), 'to.db')
  t.match(await holdfast(['migrate', `sqlite:${target}`], { REDIS_URL: 'redis://127.0.0.1:1' }), { code: 1 })
  t.notOk(existsSync(target))
})
