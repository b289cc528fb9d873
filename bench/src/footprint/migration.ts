import { setTimeout as sleep } from 'node:timers/promises'
import { type Backend, type Session, Sessions, migrate, unsealed } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import { RedisServer } from '@holdfast/real-redis'
import { redis } from '@holdfast/redis'
import type { Figure } from './figure.js'
import { heap } from './heap.js'
import { typical } from './typical.js'

const MIB = 2 ** 20
const PAGE = 200
const CLIENTS = 100
/** Milliseconds between the requests of one client. */
const PAUSE = 100

/**
 * Sessions from memory to Redis, on to another Redis and back to memory, each time with clients that keep using the
 * source.
 */
export async function migration (count: number, target: number): Promise<Figure[]> {
  const servers = [
    await RedisServer.start(['--appendonly', 'yes']), await RedisServer.start(['--appendonly', 'yes'])
  ] as const
  const connect = ({ url }: RedisServer): Backend => redis({ url, commandTimeout: 30_000, onWarning: () => {} })
  const [one, two] = [connect(servers[0]), connect(servers[1])]
  const first = memory({ maxBytes: Infinity })
  try {
    const sessions = new Sessions({ backend: first, codec: unsealed, limits: { maxSessions: 2 * count } })
    const used: Session[] = []
    for (let n = 0; n < count; n++) {
      const session = await sessions.create(typical(n))
      if (n % (count / CLIENTS) === 0) used.push(session)
    }
    return [
      ...await move('from memory to Redis', first, one, used, count, target),
      ...await move('from Redis to Redis', one, two, used, count, target),
      ...await move('from Redis to memory', two, memory({ maxBytes: Infinity }), used, count, target)
    ]
  } finally {
    await Promise.all([one, two].map(async backend => await backend.close()))
    await Promise.all(servers.map(async server => await server.stop()))
  }
}

async function move (
  way: string,
  from: Backend,
  to: Backend,
  used: readonly Session[],
  count: number,
  target: number
): Promise<Figure[]> {
  const over = new AbortController()
  const sessions = (): Sessions => new Sessions({ backend: from, codec: unsealed })
  const clients = used.map(async ({ id }) => await work(sessions(), id, over.signal))
  const before = await heap()
  let peak = before
  const began = performance.now()
  const { copied, failed } = await migrate(from, to, {
    batchSize: PAGE,
    onProgress: () => {
      const { heapUsed, external } = process.memoryUsage()
      peak = Math.max(peak, heapUsed + external)
    }
  })
  const took = performance.now() - began
  const growth = peak - before
  over.abort()
  const requests = (await Promise.all(clients)).reduce((sum, made) => sum + made, 0)
  if (copied !== count || failed.length > 0) throw new Error(`${copied} copied, ${failed.length} failed`)
  // What the clients did after it was looked at the last time.
  await migrate(from, to, { batchSize: PAGE })
  await compare(from, to, count)
  const what = `migration of ${count.toLocaleString('en')} sessions ${way}, ${CLIENTS} clients at work`
  return [
    { what, value: took, unit: 'ms', target },
    // A target in memory is in the same heap.
    ...(to.shared ? [{ what: `${what}: growth of heap and buffers`, value: growth / MIB, unit: 'MiB' } as const] : []),
    { what: `${what}: requests meanwhile, none failed`, value: requests, unit: '' }
  ]
}

/** One client. @returns its requests; the first that fails, or finds another total than it left, ends the measure */
async function work (sessions: Sessions, id: string, signal: AbortSignal): Promise<number> {
  let requests = 0
  let total: unknown
  while (!signal.aborted) {
    const session = await sessions.open(id, null)
    if (session === undefined) throw new Error('a session is gone')
    if (requests > 0 && session.data.total !== total) throw new Error('a change is gone')
    total = (await session.update((data: { total: number }) => { data.total++ })).total
    requests++
    await sleep(PAUSE)
  }
  return requests
}

/** Each record, and that there are no others. */
async function compare (from: Backend, to: Backend, count: number): Promise<void> {
  let cursor: string | undefined
  let same = 0
  do {
    const page = await from.records.list({ limit: PAGE, ...(cursor !== undefined && { cursor }) })
    await Promise.all(page.records.map(async ({ body, ...record }) => {
      const other = await to.records.read(record.key)
      if (other === undefined) throw new Error('a session is lost')
      const { body: copy, ...rest } = other
      if (Buffer.compare(body, copy) !== 0 ||
        JSON.stringify(Object.entries(record).sort()) !== JSON.stringify(Object.entries(rest).sort())) {
        throw new Error('a session was changed')
      }
      same++
    }))
    cursor = page.cursor
  } while (cursor !== undefined)
  if (same !== count || await to.records.count() !== count) throw new Error(`${same} of ${count} are there`)
}
