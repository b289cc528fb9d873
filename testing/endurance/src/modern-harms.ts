import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { AskedCall, type Caller, type Told, textOf } from '@holdfast/two-eras/modern-caller'
import { carriesItsNonce } from '@holdfast/two-eras/nonce-load'
import { Lateness } from './lateness.js'
import type { ModernFleet } from './modern-fleet.js'
import type { Trial } from './trial.js'
import { isHonest, park } from './waiting-calls.js'

/** Milliseconds, as the fleet has it. */
const HEARTBEAT = 1_000
/** Milliseconds of an outage after which nobody is announced. */
const LONG = 3 * HEARTBEAT
/** Milliseconds until storage is called down, on a busy machine. */
const NOTICED = 5_000
/** Milliseconds until storage that is back is used again. */
const RECOVERED = 10_000

/** Kills processes in which calls wait: their clients are told within two heartbeats. */
export async function killed (trial: Trial, fleet: ModernFleet, callers: Caller[]): Promise<string> {
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

/** Takes the storage away from calls that wait, and gives it back. */
export async function withoutStorage (trial: Trial, fleet: ModernFleet, callers: Caller[]): Promise<string> {
  const times = trial.volume(10)
  const [ann] = callers as [Caller]
  const { redis } = fleet.storage
  const ends = [
    [async () => { redis.signal('SIGSTOP') }, async () => { redis.signal('SIGCONT') }],
    [async () => { await redis.kill() }, async () => { await redis.run() }]
  ] as const
  for (let n = 1; n <= times; n++) {
    const place = n % 3
    const elsewhere = fleet.places[(place + 1) % 3] as URL
    const waiting = await park(fleet, place, callers)
    const [end, revive] = ends[n % 2] as (typeof ends)[0]
    await end()
    // Until the outage is noticed, a reply may have become a stream, whose status cannot change any more.
    await noticed(async () => await (waiting[0] as AskedCall).answer(elsewhere, 'Ada'))
    for (const call of waiting) isAway(await call.answer(elsewhere, 'Ada'))
    await assert.rejects(AskedCall.begin(elsewhere, ann), /^Error: a call was not asked: 503 /)
    // A call that asks nothing needs no storage.
    await carriesItsNonce(elsewhere, ann, n, 0)
    // Every other pair of outages lasts so long that no replica is known to be there any more.
    if (n % 4 >= 2) await pause(LONG)
    await revive()
    for (const call of waiting) {
      const told = await served(async () => await call.answer(elsewhere, 'Ada'))
      assert.equal(textOf(told), 'Hello, Ada!', JSON.stringify(told))
    }
    await fleet.proxy.readiness.count(3)
    trial.progress(n, times, `${n} outages`)
  }
  return `${times} outages of Redis: waiting calls got 503, and their answers afterwards`
}

async function noticed (ask: () => Promise<Told>): Promise<void> {
  const until = performance.now() + NOTICED
  for (;;) {
    const { status, answer } = await ask()
    if (status === 503) return
    assert.equal(answer.error.code, -32603)
    assert.match(answer.error.message, /^Session storage is unavailable/)
    assert.ok(performance.now() < until, `still answered ${status}`)
  }
}

/** What is said once the storage is back. */
async function served (ask: () => Promise<Told>): Promise<Told> {
  const until = performance.now() + RECOVERED
  for (;;) {
    const told = await ask()
    if (told.status !== 503 || performance.now() > until) return told
    await pause(20)
  }
}

function isAway ({ status, retryAfter, answer }: Told): void {
  assert.equal(status, 503, JSON.stringify(answer))
  assert.ok(Number(retryAfter) > 0)
}
