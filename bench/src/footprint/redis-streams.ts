import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import type { RecordKey } from '@holdfast/core'
import { redis, type RedisBackend } from '@holdfast/redis'
import { withRedis } from '../redis.js'
import { median } from '../statistics.js'
import type { Figure } from './figure.js'
import { randomRecord } from './random-record.js'

const SESSIONS = 200
const LIVES = 10_000
const FEW = 10
const MANY = 10_000
const ROUNDS = 15
const ROUND = 100
const AT_ONCE = 32

/** What event streams cost Redis: a call in SSE mode, and a new stream beside few and many others. */
export async function redisStreams (): Promise<Figure[]> {
  return await withRedis(async ({ url }) => {
    const raw = new Redis(url)
    const backend = redis({ url, maxStreams: MANY, commandTimeout: 10_000 })
    const usual = redis({ url, commandTimeout: 10_000 })
    try {
      return [...await lives(usual, raw), ...await amounts(backend, raw)]
    } finally {
      raw.disconnect()
      await Promise.all([backend.close(), usual.close()])
    }
  })
}

async function lives (backend: RedisBackend, raw: Redis): Promise<Figure[]> {
  const keys: RecordKey[] = []
  for (let n = 0; n < SESSIONS; n++) keys.push(await randomRecord(backend.records))
  const body = randomBytes(400)
  let made = 0
  const live = async (amount: number, touched: boolean): Promise<void> => {
    let left = amount
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) {
        const key = keys[made % SESSIONS] as RecordKey
        if (touched) await backend.records.touch(key, 1)
        await backend.events.append({ key, name: `0123456789abcdef.${++made}` }, [body], { end: true })
      }
    }))
  }
  await live(SESSIONS * 20, true)
  const alone = await cost(raw, LIVES, async () => { await live(LIVES, false) })
  const called = await cost(raw, LIVES, async () => { await live(LIVES, true) })
  return [
    { what: 'commands of a stream\'s life in SSE mode on Redis, inner ones included', value: alone.commands, unit: '', target: 8 },
    { what: 'CPU of Redis for a call in SSE mode, with its touch', value: called.cpu, unit: 'µs', target: 32 }
  ]
}

/** Both in turn, so that what else this machine does meets them alike. */
async function amounts (backend: RedisBackend, raw: Redis): Promise<Figure[]> {
  const body = randomBytes(400)
  const begun = async (amount: number): Promise<(count: number) => Promise<void>> => {
    const key = await randomRecord(backend.records)
    let made = 0
    const begin = async (count: number): Promise<void> => {
      await Promise.all(Array.from({ length: count }, async () => await backend.events.append({ key, name: `0123456789abcdef.${++made}` }, [body], { end: true })))
    }
    for (let left = amount; left > 0; left -= ROUND) await begin(Math.min(left, ROUND))
    return begin
  }
  const many = await begun(MANY - ROUNDS * ROUND)
  const ratios: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const few = await begun(FEW)
    const beside = await cost(raw, ROUND, async () => { await few(ROUND) })
    ratios.push((await cost(raw, ROUND, async () => { await many(ROUND) })).script / beside.script)
  }
  return [{ what: 'a new stream on Redis beside 10,000 of its session, against beside 10', value: median(ratios), unit: '×', target: 1.2, least: 0.8 }]
}

/** For each of so many times: commands, microseconds in scripts, and CPU of the process. */
async function cost (raw: Redis, times: number, work: () => Promise<void>): Promise<{ commands: number, script: number, cpu: number }> {
  await raw.config('RESETSTAT')
  const before = await cpu(raw)
  await work()
  const used = await cpu(raw) - before
  let [commands, script] = [0, 0]
  for (const [, name, calls, usec] of (await raw.info('commandstats')).matchAll(/^cmdstat_(.+):calls=(\d+),usec=(\d+)/gm)) {
    if (name === 'info' || name === 'config|resetstat') continue
    commands += Number(calls)
    if (name === 'evalsha') script += Number(usec)
  }
  return { commands: commands / times, script: script / times, cpu: used / times }
}

async function cpu (raw: Redis): Promise<number> {
  const info = await raw.info('cpu')
  return ['sys', 'user'].reduce((sum, part) => sum + 1e6 * Number(new RegExp(`used_cpu_${part}:([\\d.]+)`).exec(info)?.[1]), 0)
}
