import type { RecordStore } from '@holdfast/core'
import { redis } from '@holdfast/redis'
import { withRedis } from '../redis.js'
import { median } from '../statistics.js'
import type { Figure } from './figure.js'
import { randomRecord } from './random-record.js'

const SESSIONS = 1000
const WARM = 20
const BATCHES = 60
const BATCH = 2000

/** CPU time that checking a session takes in this process. */
export async function redisTouch (): Promise<Figure[]> {
  return await withRedis(async ({ url }) => {
    const backend = redis({ url })
    const keys: string[] = []
    for (let n = 0; n < SESSIONS; n++) keys.push(await randomRecord(backend.records))
    const value = { 32: await touch(backend.records, keys, 32), 1: await touch(backend.records, keys, 1) }
    await backend.close()
    return [
      { what: 'CPU per touch in Redis, 32 at a time', value: value[32], unit: 'µs', target: 10 },
      { what: 'CPU per touch in Redis, one at a time', value: value[1], unit: 'µs' }
    ]
  })
}

/** µs per touch: the median over batches. */
async function touch (records: RecordStore, keys: string[], atOnce: number): Promise<number> {
  const batches: number[] = []
  for (let batch = 0; batch < WARM + BATCHES; batch++) {
    const before = process.cpuUsage()
    let left = BATCH
    await Promise.all(Array.from({ length: atOnce }, async () => {
      while (left-- > 0) {
        if (await records.touch(keys[left % SESSIONS]!, 1) !== 'current') throw new Error('A session is gone')
      }
    }))
    const { user, system } = process.cpuUsage(before)
    if (batch >= WARM) batches.push((user + system) / BATCH)
  }
  return median(batches)
}
