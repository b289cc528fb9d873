import fastify, { type FastifyInstance } from 'fastify'
import holdfast, { generateKey } from '@holdfast/fastify'
import { RedisServer } from '@holdfast/real-redis'
import { redis } from '@holdfast/redis'
import { echoServer } from '../throughput/echo-server.js'
import { median, percentile } from '../statistics.js'
import type { Figure } from './figure.js'
import { heap } from './heap.js'
import { typical } from './typical.js'

const COUNT = 100_000
const PER_OWNER = 1_000
const OWNERS = COUNT / PER_OWNER
const REVOKED = 20
const PAGE = 100
const AT_ONCE = 200
const MIB = 2 ** 20

/** The admin routes over 100,000 sealed sessions in a Redis that keeps an append-only file. */
export async function redisAdmin (): Promise<Figure[]> {
  const server = await RedisServer.start(['--appendonly', 'yes'])
  const backend = redis({ url: server.url, commandTimeout: 10_000 })
  const app = fastify()
  try {
    await app.register(holdfast, {
      backend,
      createServer: (_session, { serverOptions }) => echoServer(serverOptions),
      keys: generateKey('k1'),
      limits: { maxSessions: 2 * COUNT },
      admin: { authorize: () => true }
    })
    await app.ready()
    for (let n = 0; n < COUNT; n += AT_ONCE) {
      await Promise.all(Array.from(
        { length: AT_ONCE }, async (_, i) => await app.mcpSessions.create(typical(n + i, `user-${(n + i) % OWNERS}`))
      ))
    }
    return [...await pages(app), ...await revoking(app)]
  } finally {
    await app.close()
    await backend.close()
    await server.stop()
  }
}

async function pages (app: FastifyInstance): Promise<Figure[]> {
  const took: number[] = []
  const before = await heap()
  let most = before
  let sessions = 0
  let cursor: string | undefined = ''
  while (cursor !== undefined) {
    const start = performance.now()
    const page: { sessions: unknown[], cursor?: string } = await ask(app, 'GET', `?limit=${PAGE}${cursor}`)
    took.push(performance.now() - start)
    sessions += page.sessions.length
    cursor = page.cursor === undefined ? undefined : `&cursor=${page.cursor}`
    if (took.length % 100 === 0) most = Math.max(most, await heap())
  }
  if (sessions !== COUNT) throw new Error(`${sessions} listed, not ${COUNT}`)
  const what = `admin list on Redis, a page of ${PAGE} over ${COUNT.toLocaleString('en')}`
  return [
    { what: `${what}: median`, value: median(took), unit: 'ms', target: 50 },
    { what: `${what}: 99 of 100`, value: percentile(took, 99), unit: 'ms' },
    {
      what: `${what}: growth of heap and buffers while all are read`,
      value: (most - before) / MIB,
      unit: 'MiB',
      target: 4
    }
  ]
}

async function revoking (app: FastifyInstance): Promise<Figure[]> {
  const took: number[] = []
  for (let owner = 0; owner < REVOKED; owner++) {
    const principal = typical(0, `user-${owner}`).principal
    const start = performance.now()
    const { terminated } = await ask(app, 'POST', '/revoke', { principal })
    took.push(performance.now() - start)
    if (terminated !== PER_OWNER) throw new Error(`${terminated} revoked, not ${PER_OWNER}`)
  }
  const what = `revoking an owner of ${PER_OWNER.toLocaleString('en')} on Redis`
  return [
    { what: `${what}: median`, value: median(took), unit: 'ms', target: 100 },
    { what: `${what}: longest`, value: Math.max(...took), unit: 'ms' }
  ]
}

async function ask (app: FastifyInstance, method: 'GET' | 'POST', path: string, payload?: object): Promise<any> {
  const { statusCode, body } = await app.inject({
    method, url: `/mcp-sessions${path}`, ...(payload !== undefined && { payload })
  })
  if (statusCode !== 200) throw new Error(`${path}: ${statusCode} ${body}`)
  return JSON.parse(body)
}
