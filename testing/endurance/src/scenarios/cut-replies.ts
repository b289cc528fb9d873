import assert from 'node:assert/strict'
import { cutReplies as cut } from '@holdfast/cut-replies'
import { generateKey } from '@holdfast/envelope'
import { RedisServer } from '@holdfast/real-redis'
import { startChildServer } from '@holdfast/reference-server/child-server'
import { Redis } from 'ioredis'
import type { Scenario } from '../scenario.js'

const SERVERS = 4
/** Cuts by one server process, so that what it leaves pending would be seen. */
const AT_A_TIME = 500

export const cutReplies: Scenario = {
  promise: 'a reply of Redis that is cut, whatever the command, applies nothing twice and leaves nothing pending',
  figures: '10,000 cut replies, of ten kinds of commands',
  deadline: 20,
  run: async trial => {
    const cuts = trial.volume(10_000, 40)
    const redis = await RedisServer.start(['--appendonly', 'yes', '--maxmemory-policy', 'noeviction'])
    trial.defer(async () => { await redis.stop() })
    const keys = generateKey()
    const start = async (url: string) => await startChildServer({
      HOLDFAST_BACKEND: 'redis', REDIS_URL: url, HOLDFAST_KEYS: keys
    })
    const total = { cuts: 0, asked: 0, failed: 0, increments: 0, opened: 0 }
    let left = cuts
    await Promise.all(Array.from({ length: SERVERS }, async () => {
      while (left > 0) {
        const amount = Math.min(left, AT_A_TIME, Math.ceil(cuts / SERVERS))
        left -= amount
        const { wrong, ...result } = await cut(redis, start, amount)
        assert.deepEqual(wrong, [])
        for (const name of Object.keys(total) as Array<keyof typeof total>) total[name] += result[name]
        trial.tell(`${total.cuts} replies cut, ${total.asked} requests`)
      }
    }))
    assert.ok(total.cuts >= cuts, `${total.cuts} replies were cut`)
    const noticed = `hardly anybody noticed: ${total.failed} of ${total.asked} requests failed`
    assert.ok(total.failed < total.asked / 20, noticed)
    const raw = new Redis(redis.url)
    trial.defer(() => { raw.disconnect() })
    const records = (await raw.keys('holdfast:*:r:*')).length
    const { opened, failed } = total
    const sum = `as many sessions as were opened and not ended: ${records}, ${opened}`
    assert.ok(records >= opened && records <= opened + failed, sum)
    return `${total.cuts} replies cut under ${total.asked} requests with ${total.increments} increments: ` +
      `none twice, none pending; ${failed} answered with an error`
  }
}
