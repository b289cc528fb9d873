import assert from 'node:assert/strict'
import { withTokens } from '@holdfast/two-eras/callers'
import { KINDS, type Kind } from '@holdfast/two-eras/kinds'
import { AskedCall, type Caller, type Told, textOf } from '@holdfast/two-eras/modern-caller'
import { carriesItsNonce } from '@holdfast/two-eras/nonce-load'
import { Lateness } from '../lateness.js'
import { type ModernFleet, withModernFleet } from '../modern-fleet.js'
import { ModernLoad } from '../modern-load.js'
import type { Scenario } from '../scenario.js'
import type { Trial } from '../trial.js'

/** Milliseconds, as the fleet has it. */
const HEARTBEAT = 1_000
const HANDS = 20
/** Parked calls of each replica that is replaced or killed. */
const PARKED = 10

export const modernDeploy: Scenario = {
  promise: 'no modern call fails because of a rolling deploy; a call that waits for answers gets them or an honest ' +
    'error; without storage it is told to come again, never that it is unknown',
  figures: '10 rolls of three replicas under load; 20 kills -9 of the process of waiting calls, told within two ' +
    'heartbeats; 10 times Redis is killed and comes back',
  deadline: 20,
  run: async trial => {
    const found: string[] = []
    const { callers, environment } = withTokens('ann', 'bob')
    for (const kind of KINDS) {
      found.push(await withModernFleet(kind, { HOLDFAST_DRAIN_TIMEOUT: '2s', ...environment }, async fleet =>
        await rolled(trial, kind, fleet, callers)))
    }
    for (const harm of [killed, withoutStorage]) {
      found.push(await withModernFleet('bridge', environment, async fleet => await harm(trial, fleet, callers)))
    }
    return found.join('; ')
  }
}

async function rolled (trial: Trial, kind: Kind, fleet: ModernFleet, callers: Caller[]): Promise<string> {
  const times = trial.volume(10)
  const load = new ModernLoad(fleet.url, callers, HANDS)
  let told = 0
  for (let roll = 1; roll <= times; roll++) {
    for (const place of [0, 1, 2]) {
      const waiting = kind === 'bridge' ? await park(fleet, place, callers) : []
      await fleet.replace(place)
      for (const call of waiting) isHonest(await call.answer(fleet.url, 'too late'))
      told += waiting.length
    }
    trial.progress(roll, times, `${kind}: roll ${roll}, ${load.served} calls`)
  }
  await load.stop()
  assert.deepEqual(load.failures, [], 'no call fails')
  return `${kind}: ${times} rolls, ${load.served} calls, none failed; ${told} waiting calls were told`
}

async function killed (trial: Trial, fleet: ModernFleet, callers: Caller[]): Promise<string> {
  const times = trial.volume(20)
  const took: number[] = []
  for (let n = 1; n <= times; n++) {
    const place = n % 3
    const elsewhere = fleet.places[(place + 1) % 3] as URL
    const waiting = await park(fleet, place, callers)
    await fleet.kill(place)
    const lateness = new Lateness()
    const began = performance.now()
    await Promise.all(waiting.map(async call => {
      isHonest(await call.answer(elsewhere, 'too late'))
      took.push(performance.now() - began - lateness.late)
    }))
    lateness.stop()
    await fleet.replace(place)
    trial.progress(n, times, `${n} kills`)
  }
  const most = Math.max(...took)
  const said = `${times} kills: ${took.length} waiting calls were told after ${most.toFixed(0)} ms at most`
  assert.ok(most <= 2 * HEARTBEAT, said)
  return said
}

async function withoutStorage (trial: Trial, fleet: ModernFleet, callers: Caller[]): Promise<string> {
  const times = trial.volume(10)
  const [ann] = callers as [Caller]
  const { redis } = fleet.storage
  for (let n = 1; n <= times; n++) {
    const place = n % 3
    const elsewhere = fleet.places[(place + 1) % 3] as URL
    const waiting = await park(fleet, place, callers)
    await redis.kill()
    for (const call of waiting) isAway(await call.answer(elsewhere, 'Ada'))
    await assert.rejects(AskedCall.begin(elsewhere, ann), /^Error: a call was not asked: 503 /)
    // A call that asks nothing needs no storage.
    await carriesItsNonce(elsewhere, ann, n, 0)
    await redis.run()
    await fleet.proxy.readiness.count(3)
    for (const call of waiting) assert.equal(textOf(await call.answer(elsewhere, 'Ada')), 'Hello, Ada!')
    trial.progress(n, times, `${n} outages`)
  }
  return `${times} outages of Redis: waiting calls got 503, and their answers afterwards`
}

async function park (fleet: ModernFleet, place: number, callers: readonly Caller[]): Promise<AskedCall[]> {
  const url = fleet.places[place] as URL
  return await Promise.all(Array.from({ length: PARKED }, async (_, n) =>
    await AskedCall.begin(url, callers[n % callers.length] as Caller, n)))
}

function isHonest ({ status, answer }: Told): void {
  assert.equal(status, 200)
  assert.deepEqual(answer.error, { code: -32603, message: 'The process that ran this call has ended; call again' })
}

function isAway ({ status, retryAfter, answer }: Told): void {
  assert.equal(status, 503, JSON.stringify(answer))
  assert.ok(Number(retryAfter) > 0)
}
