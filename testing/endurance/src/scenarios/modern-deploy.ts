import assert from 'node:assert/strict'
import { withTokens } from '@holdfast/two-eras/callers'
import { KINDS, type Kind } from '@holdfast/two-eras/kinds'
import type { Caller } from '@holdfast/two-eras/modern-caller'
import { type ModernFleet, withModernFleet } from '../modern-fleet.js'
import { killed, withoutStorage } from '../modern-harms.js'
import { ModernLoad } from '../modern-load.js'
import type { Scenario } from '../scenario.js'
import type { Trial } from '../trial.js'
import { isHonest, park } from '../waiting-calls.js'

/** Plain calls at the same time. */
const HANDS = 20

export const modernDeploy: Scenario = {
  promise: 'no modern call fails because of a rolling deploy; a call that waits for answers gets them or an honest ' +
    'error; without storage it is told to come again, never that it is unknown',
  figures: '10 rolls of three replicas under load; 20 kills -9 of the process of waiting calls, told within two ' +
    'heartbeats; 10 outages of Redis, stopped or killed',
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
