import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { EventLog, RecordKey } from '@holdfast/core'
import { redis } from '@holdfast/redis'
import { usageSince, withMeter } from '../redis-usage.js'
import { median } from '../statistics.js'
import type { Figure } from './figure.js'
import { randomRecord } from './random-record.js'

const MOST = 10_000
const FEW = 10
const ROUNDS = 10
const BATCH = 20
const AT_ONCE = 8
const head = randomBytes(100)
const entry = randomBytes(100)

/** A session, and how many streams have begun on it. */
interface Piled {
  log: EventLog
  key: RecordKey
  streams: number
}

/** What it costs Redis to begin a stream, by how many the session has. */
export async function redisAppend (): Promise<Figure[]> {
  return await withMeter(async (meter, { url }) => {
    const backend = redis({ url, maxStreams: MOST, commandTimeout: 30_000 })
    const session = async (streams: number): Promise<Piled> =>
      await piled(backend.events, await randomRecord(backend.records), streams)
    const few = await Promise.all(Array.from({ length: ROUNDS }, async () => await session(FEW)))
    const many = await session(MOST - ROUNDS * BATCH)
    const cost: Record<'few' | 'many' | 'full', number[]> = { few: [], many: [], full: [] }
    for (const each of few) {
      cost.few.push(await beginning(meter, each))
      cost.many.push(await beginning(meter, many))
    }
    for (let round = 0; round < ROUNDS; round++) cost.full.push(await beginning(meter, many))
    await backend.close()
    const [at10, at10000, beyond] = [median(cost.few), median(cost.many), median(cost.full)]
    const what = 'beginning a stream in Redis'
    return [
      { what: `${what}, ${FEW} of the session are there: time in Redis`, value: at10, unit: 'µs' },
      { what: `${what}, ${MOST.toLocaleString('en')} are there: time in Redis`, value: at10000, unit: 'µs' },
      { what: `${what}, ${MOST.toLocaleString('en')} ÷ ${FEW}`, value: at10000 / at10, unit: '×', target: 1.2 },
      {
        what: `${what}, the oldest of ${MOST.toLocaleString('en')} gives way: time in Redis`, value: beyond, unit: 'µs'
      }
    ]
  })
}

async function piled (log: EventLog, key: RecordKey, streams: number): Promise<Piled> {
  const session = { log, key, streams: 0 }
  while (session.streams < streams) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, streams - session.streams) }, async () => {
      await begin(session)
    }))
  }
  return session
}

/** As the call of a client that has hung up leaves it: with an answer, and ended. */
async function begin (session: Piled): Promise<void> {
  const name = `s${++session.streams}`
  const position = await session.log.append({ key: session.key, name }, [entry], { head, end: true })
  if (position !== 1) throw new Error(`a new stream is at ${position}`)
}

/** µs that Redis takes for one, over a batch. */
async function beginning (meter: Redis, session: Piled): Promise<number> {
  const usage = await usageSince(meter)
  for (let n = 0; n < BATCH; n++) await begin(session)
  return (await usage()).scripts / BATCH
}
