import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { call } from '@holdfast/clients/by-hand'
import { generateKey } from '@holdfast/envelope'
import { RedisServer } from '@holdfast/real-redis'
import { startChildServer } from '@holdfast/reference-server/child-server'
import { Lateness } from '../lateness.js'
import { median } from '../latency.js'
import { openSession } from '../open.js'
import type { Scenario } from '../scenario.js'
import { answerIn, send } from '@holdfast/clients/send'

/** Milliseconds. */
const TOLD = 750
const RECOVERED = 10_000
const HANDS = 4

type Deed = (redis: RedisServer) => Promise<void>

/** How Redis dies, and comes back. */
const DEATHS: Readonly<Record<string, [die: Deed, revive: Deed]>> = {
  stopped: [async redis => { redis.signal('SIGSTOP') }, async redis => { redis.signal('SIGCONT') }],
  killed: [async redis => { await redis.kill() }, async redis => { await redis.run() }]
}

export const deadRedis: Scenario = {
  promise: 'a Redis that is dead is called down within 750 ms: requests are answered 503, ' +
    'and served again when it is back',
  figures: '20 times stopped in its tracks and 20 times killed, under load; ' +
    'what timers of an idle process are late meanwhile is not held against it',
  deadline: 10,
  run: async trial => {
    const times = trial.volume(20, 2)
    const redis = await RedisServer.start(['--appendonly', 'yes'])
    trial.defer(async () => { await redis.stop() })
    const { url, process } = await startChildServer({
      HOLDFAST_BACKEND: 'redis', REDIS_URL: redis.url, HOLDFAST_KEYS: generateKey()
    })
    trial.defer(() => { process.kill('SIGKILL') })
    const lateness = new Lateness()
    trial.defer(() => { lateness.stop() })
    const session = await openSession(url)
    const ask = async (id: number) => await send(url, { message: { ...call('counter'), id }, headers: session })
    const found: string[] = []
    for (const [way, [die, revive]] of Object.entries(DEATHS)) {
      const took: number[] = []
      for (let n = 1; n <= times; n++) {
        await served(ask)
        const load = Array.from({ length: HANDS }, async (_, hand) => {
          for (let id = hand; (await ask(id)).status === 200; id += HANDS);
        })
        await pause(randomInt(100))
        await die(redis)
        const [began, late] = [performance.now(), lateness.late]
        const { status } = await ask(n)
        const [told, extra] = [performance.now() - began, lateness.late - late]
        assert.equal(status, 503, `${way}: a request was answered ${status}`)
        const timing = `told after ${told.toFixed(0)} ms, with timers ${extra.toFixed(0)} ms late`
        assert.ok(told <= TOLD + 2 * extra, `${way}: ${timing}`)
        took.push(told)
        await Promise.all(load)
        await revive(redis)
        trial.progress(n, times, `${n} × ${way}: told after ${told.toFixed(0)} ms`)
      }
      const [usual, most] = [median(took).toFixed(0), Math.max(...took).toFixed(0)]
      found.push(`${way} ${times} times: told after ${usual} ms, at most ${most} ms`)
    }
    await served(ask)
    return found.join('; ')
  }
}

async function served (ask: (id: number) => ReturnType<typeof send>): Promise<void> {
  const until = performance.now() + RECOVERED
  for (;;) {
    const { status, text } = await ask(0)
    if (status === 200 && answerIn(text)?.result?.isError !== true) return
    assert.ok(performance.now() < until, `not served again: ${status} ${text}`)
    await pause(20)
  }
}
