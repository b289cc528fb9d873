import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { call, count, initialize, open, post } from '@holdfast/clients/by-hand'
import { generateKey } from '@holdfast/fastify'
import { RedisServer, until } from '@holdfast/real-redis'
import { SqliteError } from '@holdfast/sqlite'
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { EnvironmentError, fromEnv } from '../dist/index.js'
import { folder } from './fixtures/folder.js'
import { served } from './fixtures/served.js'

const HOLDFAST_KEYS = generateKey()

/** An environment with a new file. */
async function onFile (t: Test): Promise<{ HOLDFAST_BACKEND: string, HOLDFAST_SQLITE: string, HOLDFAST_KEYS: string }> {
  return { HOLDFAST_BACKEND: 'sqlite', HOLDFAST_SQLITE: join(await folder(t), 'own', 'sessions.db'), HOLDFAST_KEYS }
}

t.test('in a file, whose folder is made; who shares it goes on, and so does the next process', async t => {
  const environment = await onFile(t)
  const [one, two] = [await served(t, environment), await served(t, environment)]
  t.equal((await stat(join(environment.HOLDFAST_SQLITE, '..'))).mode & 0o777, 0o700)
  const session = await open(one.url)
  t.equal(await count(one.url, session, 2), 2)
  t.equal(await count(two.url, session), 3)
  await Promise.all([one.app.close(), two.app.close()])
  const next = await served(t, environment)
  t.equal(await count(next.url, session), 4)
  t.strictSame([one.log, two.log, next.log], [[], [], []], 'nothing to warn of')
})

t.test('a bound that the file is given is kept', async t => {
  const { url } = await served(t, { ...await onFile(t), HOLDFAST_SQLITE_BYTES: '1048576' })
  const large = JSON.parse(JSON.stringify(initialize()).replace('by-hand', 'x'.repeat(100_000)))
  const statuses = []
  while (statuses.length < 20) statuses.push((await post(url, large)).status)
  t.strictSame([statuses[0], statuses.at(-1)], [200, 503])
})

t.test('a damaged file is 503, a line in the log, and left as it is', async t => {
  const environment = await onFile(t)
  const before = await served(t, environment)
  const session = await open(before.url)
  await before.app.close()
  const damaged = Buffer.alloc(8192, 'damaged ')
  await writeFile(environment.HOLDFAST_SQLITE, damaged)
  const { url, log } = await served(t, environment)
  t.equal((await post(url, call('counter'), session)).status, 503)
  t.equal((await post(url, initialize())).status, 503)
  t.ok(log.some(line => line.includes('about SQLite') && line.includes('SQLITE_DAMAGED')))
  t.notMatch(log.join(), environment.HOLDFAST_SQLITE)
  t.ok(damaged.equals(await readFile(environment.HOLDFAST_SQLITE)))
})

t.test('a place that is not safe is refused in one line that names the variable, and no path', async t => {
  const exposed = await folder(t)
  await chmod(exposed, 0o755)
  const path = join(exposed, 'sessions.db')
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  const { createBackend } = fromEnv({ HOLDFAST_BACKEND: 'sqlite', HOLDFAST_SQLITE: path, HOLDFAST_KEYS })
  const refused = t.throws(() => createBackend(app), EnvironmentError) as EnvironmentError
  t.match(refused.message, /^HOLDFAST_SQLITE: Other users can read the folder[^\n]*$/)
  t.notOk(refused.message.includes(exposed))
  t.equal(refused.code, 'INVALID_ENVIRONMENT')
  t.type(refused.cause, SqliteError)
  t.match(refused.cause, { code: 'SQLITE_EXPOSED' })
})

t.test('a copy in Redis gets what the file had before, and what comes', async t => {
  const server = await RedisServer.start(['--appendonly', 'yes', '--maxmemory-policy', 'noeviction'])
  t.teardown(async () => { await server.stop() })
  const raw = new Redis(server.url)
  t.teardown(() => { raw.disconnect() })
  const copied = async (): Promise<number> => (await raw.keys('copy:*:r:*')).length
  const environment = await onFile(t)
  const before = await served(t, environment)
  const old = await open(before.url)
  await before.app.close()
  const copy = { HOLDFAST_COPY_URL: server.url, HOLDFAST_COPY_PREFIX: 'copy:' }
  const { url, app } = await served(t, { ...environment, ...copy })
  await open(url)
  await until('the copy has both', async () => await copied() === 2)
  await app.close()
  const moved = await served(t, {
    HOLDFAST_BACKEND: 'redis', REDIS_URL: server.url, HOLDFAST_REDIS_PREFIX: 'copy:', HOLDFAST_KEYS
  })
  t.equal(await count(moved.url, old), 1, 'and serves, should the machine be lost')
})
