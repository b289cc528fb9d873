import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { call } from '@holdfast/clients/by-hand'
import { generateKey } from '@holdfast/envelope'
import { RedisServer } from '@holdfast/real-redis'
import { startChildServer } from '@holdfast/reference-server/child-server'
import { openSession } from '../open.js'
import type { Scenario } from '../scenario.js'
import { answerIn, send } from '@holdfast/clients/send'

const HANDS = 4
/** For each core. */
const LOOPS = 2

export const busyMachine: Scenario = {
  promise: 'on a machine that computes, a healthy Redis is never called down',
  figures: '60 s under load, beside two busy loops for each core',
  deadline: 5,
  run: async trial => {
    const ms = trial.volume(60_000, 3_000)
    const redis = await RedisServer.start(['--appendonly', 'yes'])
    trial.defer(async () => { await redis.stop() })
    const server = await startChildServer({
      HOLDFAST_BACKEND: 'redis', REDIS_URL: redis.url, HOLDFAST_KEYS: generateKey()
    })
    trial.defer(async () => { await server.kill() })
    const sessions = await Promise.all(Array.from({ length: HANDS }, async () => await openSession(server.url)))
    for (let n = 0; n < LOOPS * availableParallelism(); n++) {
      const loop = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' })
      trial.defer(() => { loop.kill('SIGKILL') })
    }
    const until = performance.now() + ms
    let asked = 0
    await Promise.all(sessions.map(async headers => {
      for (let total = 1; performance.now() < until; total++) {
        const { status, text } = await send(server.url, { message: { ...call('counter'), id: total }, headers })
        assert.equal(status, 200, text)
        assert.equal(answerIn(text)?.result?.structuredContent?.total, total)
        asked++
      }
    }))
    assert.equal(server.log(), '')
    return `${asked} requests in ${ms / 1000} s, all of them served`
  }
}
