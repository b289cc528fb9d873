import { setTimeout } from 'node:timers/promises'
import { Sessions, unsealed } from '@holdfast/core'
import { redis } from '@holdfast/redis'
import { withRedis } from '../redis.js'
import { median } from '../statistics.js'
import type { Figure } from './figure.js'
import { heap } from './heap.js'
import { randomRecord } from './random-record.js'
import { stallOf } from './stall.js'
import { sweepAll } from './sweep-all.js'

const COUNT = 10_000
const TIMES = 5
/** Sessions that are made at the same time. */
const AT_ONCE = 50

/**
 * How long it takes until sessions that have all expired are claimed and gone, and how long the loop stands still
 * meanwhile.
 */
export async function redisSweep (): Promise<Figure[]> {
  return await withRedis(async ({ url }) => {
    const backend = redis({ url, commandTimeout: 5000 })
    const sessions = new Sessions({ backend, codec: unsealed }) // sweeping opens nothing
    const took: number[] = []
    const pauses: number[] = []
    for (let time = 0; time < TIMES; time++) {
      for (let n = 0; n < COUNT; n += AT_ONCE) {
        await Promise.all(Array.from({ length: AT_ONCE }, async () => await randomRecord(backend.records, 1)))
      }
      await heap()
      await setTimeout(2000) // what it leaves to other threads takes the processors for a while
      const sweep = await stallOf(async () => await sweepAll(sessions))
      took.push(sweep.took)
      pauses.push(sweep.stall)
      if (sweep.result !== COUNT) throw new Error(`${sweep.result} expired, not ${COUNT}`)
    }
    await backend.close()
    const what = `sweep of ${COUNT.toLocaleString('en')} expired sessions in Redis`
    return [
      { what, value: median(took), unit: 'ms', target: 1000 },
      { what: `${what}: longest pause of the loop in ${TIMES}`, value: Math.max(...pauses), unit: 'ms', target: 10 }
    ]
  })
}
