import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startChildServer } from '@holdfast/reference-server/child-server'
import { Watch, median } from '../latency.js'
import type { Scenario } from '../scenario.js'

const RATE = 2_000
/** Of what the server can answer at all: a run at a share of the volume, as on a busy machine, floods no faster. */
const SHARE = 1 / 4
const BURST = 5_000
/** Quiet and flooded by turns, so that both see the same machine. */
const ROUNDS = 6

export const flood: Scenario = {
  promise: 'a flood without credentials is answered 401 and does not slow the others down: ' +
    'p99 at most twice what it is without',
  figures: '2,000 requests/s for 30 s, in six parts with as long a quiet before each',
  deadline: 5,
  run: async trial => {
    const seconds = trial.volume(5)
    const server = await startChildServer({
      HOLDFAST_BACKEND: 'memory', HOLDFAST_DEMO_TOKENS: 'tenant:token-of-the-tenant'
    })
    trial.defer(async () => { await server.kill() })
    const p99 = async (during: () => Promise<unknown>): Promise<number> => {
      const watch = await Watch.begin(server.url, { authorization: 'Bearer token-of-the-tenant' })
      await during()
      return (await watch.stop()).p99
    }
    await p99(async () => await pause(2_000))
    const burst = await floods(server.url, BURST * 1_000, 0.001)
    const rate = trial.scale === 1 ? RATE : Math.min(RATE, Math.floor(BURST / burst.seconds * SHARE))
    trial.tell(`${rate} requests/s; at most ${Math.floor(BURST / burst.seconds)} are answered`)
    const [quiet, flooded]: [number[], number[]] = [[], []]
    for (let round = 1; round <= ROUNDS; round++) {
      quiet.push(await p99(async () => await pause(seconds * 1_000)))
      flooded.push(await p99(async () => {
        const { statuses, seconds: took } = await floods(server.url, rate, seconds)
        assert.deepEqual(statuses, { 401: rate * seconds })
        const usual = quiet.at(-1)?.toFixed(1)
        trial.tell(`round ${round}: ${rate * seconds} answered 401 in ${took.toFixed(1)} s; p99 without ${usual} ms`)
      }))
    }
    const [before, during] = [median(quiet), median(flooded)]
    assert.ok(during <= 2 * before, `p99 ${during.toFixed(1)} ms, without the flood ${before.toFixed(1)} ms`)
    return `${ROUNDS * rate * seconds} requests, ${rate} a second, all answered 401; ` +
      `p99 of the others ${during.toFixed(1)} ms, without the flood ${before.toFixed(1)} ms`
  }
}

interface Flooded {
  statuses: Record<string, number>
  seconds: number
}

async function floods (url: URL, rate: number, seconds: number): Promise<Flooded> {
  const child = fork(fileURLToPath(new URL('../flood.js', import.meta.url)), [url.href, `${rate}`, `${seconds}`])
  const [result] = await once(child, 'message')
  return result
}
