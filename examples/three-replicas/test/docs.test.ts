import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fastifyRedis from '@fastify/redis'
import { call, count, open, post } from '@holdfast/clients/by-hand'
import holdfast, { generateKey } from '@holdfast/fastify'
import { RedisServer } from '@holdfast/real-redis'
import { redis } from '@holdfast/redis'
import { createServer } from '@holdfast/reference-server/mcp-server'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'

const given = { HOLDFAST_KEYS: generateKey(), REDIS_URL: '' }
const context = { process: { env: given }, Fastify, fastifyRedis, holdfast, redis, createServer }

/** What the first example of a page does, as it stands, but for its imports. */
async function example (t: Test, page: string): Promise<(app?: FastifyInstance) => Promise<FastifyInstance>> {
  const text = await readFile(new URL(`../../../${page}`, import.meta.url), 'utf8')
  const [, code = ''] = /^```js\n(.*?)^```$/ms.exec(text) ?? []
  const name = `${basename(page, '.md')}.mjs`
  const lines = code.replace(/^import .*$/gm, '').replace('const app', 'app')
  const body = `export async function run ({ ${Object.keys(context)} }, app) {\n${lines}\nreturn app }\n`
  const { run } = await import(pathToFileURL(join(t.testdir({ [name]: body }), name)).href)
  return async app => await run(context, app)
}

async function listen (t: Test, app: FastifyInstance): Promise<URL> {
  t.teardown(async () => { await app.close() })
  return new URL('/mcp', await app.listen({ host: '127.0.0.1', port: 0 }))
}

t.test('what the pages about Redis and fleets show works, with @fastify/redis, and with each other', async t => {
  const server = await RedisServer.start(['--appendonly', 'yes'])
  t.teardown(async () => { await server.stop() })
  given.REDIS_URL = server.url
  const readme = await example(t, 'packages/redis/README.md')
  const one = await readme()
  const two = Fastify()
  await two.register(fastifyRedis, { url: server.url })
  const fleet = await example(t, 'docs/fleet.md')
  await fleet(two)
  const [a, b] = [await listen(t, one), await listen(t, two)]
  const session = await open(a)
  t.equal(await count(a, session), 1)
  t.equal(await count(b, session), 2)
  t.equal((await fetch(new URL('/health/ready', b))).status, 200)
  t.equal((await fetch(b, { method: 'DELETE', headers: session })).status, 200)
  t.equal((await post(a, call('counter'), session)).status, 404)
})
