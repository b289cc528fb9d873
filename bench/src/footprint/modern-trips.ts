import { generateKey } from '@holdfast/envelope'
import { withRedis } from '../redis.js'
import { median } from '../statistics.js'
import { TrafficMeter } from '../throughput/redis-traffic.js'
import { modernToolServer } from '../throughput/modern-tools.js'
import type { Figure } from './figure.js'
import { ModernReplica, type Result } from './modern-replica.js'

const TIMES = 50

/** Round trips to Redis of calls of revision 2026-07-28, by what the replicas ask and by what Redis counts. */
export async function modernTrips (): Promise<Figure[]> {
  return await withRedis(async server => {
    const keys = generateKey('k1')
    const start = async (): Promise<ModernReplica> => await ModernReplica.start(server.url, { keys, modern: 'auto' })
    const [owner, other] = [await start(), await start()]
    const shared = await ModernReplica.start(server.url, {
      keys,
      modern: { server: ({ serverOptions }) => modernToolServer({ tools: 5, style: 'hoisted' }, serverOptions) }
    })
    const plainShared = await each(async () => await trips([shared], async () => await shared.call('echo', 'complete')))
    const plain = await each(async () => await trips([owner], async () => await owner.call('echo', 'complete')))
    const parked: Result[] = []
    const first = await each(async () => await trips([owner], async () => { parked.push(await park(owner)) }))
    const meter = await TrafficMeter.start(server)
    const elsewhere = await each(async n => await trips([other, owner], async () => await retry(other, parked[n]!)))
    const { sent } = await meter.stop()
    const again = await Promise.all(parked.map(async () => await park(owner)))
    const here = await each(async n => await trips([owner], async () => await retry(owner, again[n]!)))
    for (const replica of [owner, other, shared]) await replica.close()
    const what = '2026-07-28, round trips to Redis'
    return [
      figure(`${what}: a call of a shared v2 server`, at(plainShared, 0), 0),
      figure(`${what}: a call through the bridge that asks nothing`, at(plain, 0), 0),
      figure(`${what}: a call through the bridge that asks, until its question`, at(first, 0)),
      figure(`${what}: its retry on the replica where it waits`, at(here, 0), 2),
      figure(`${what}: its retry on another replica, there`, at(elsewhere, 0), 2),
      figure(`${what}: its retry on another replica, where it waits`, at(elsewhere, 1), 2),
      figure(`${what}: its retry on another replica, both, as Redis counts`, Number((sent / TIMES).toFixed(1)), 4)
    ]
  })
}

/** What each replica asks of its backend meanwhile. */
async function trips (replicas: readonly ModernReplica[], work: () => Promise<unknown>): Promise<number[]> {
  const before = replicas.map(replica => replica.trips)
  await work()
  return replicas.map((replica, n) => replica.trips - before[n]!)
}

async function park (replica: ModernReplica): Promise<Result> {
  return await replica.call('ask', 'input_required')
}

async function retry (replica: ModernReplica, { requestState, inputRequests = {} }: Result): Promise<void> {
  const answer = { action: 'accept', content: {} }
  const inputResponses = Object.fromEntries(Object.keys(inputRequests).map(key => [key, answer]))
  await replica.call('ask', 'complete', { requestState, inputResponses })
}

async function each<T> (work: (n: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let n = 0; n < TIMES; n++) results.push(await work(n))
  return results
}

/** The median, because now and then a heartbeat falls between. */
function at (counts: readonly number[][], replica: number): number {
  return median(counts.map(count => count[replica]!))
}

function figure (what: string, value: number, target?: number): Figure {
  return { what, value, unit: '', ...(target !== undefined && { target }) }
}
