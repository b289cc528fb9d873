import assert from 'node:assert/strict'
import { withTokens } from '@holdfast/two-eras/callers'
import { KINDS } from '@holdfast/two-eras/kinds'
import { nonceLoad } from '@holdfast/two-eras/nonce-load'
import { turns, withModernFleet } from '../modern-fleet.js'
import type { Scenario } from '../scenario.js'

/** Calls of one principal that are under way at the same time. */
const HANDS = 100
/** As it is by default: a replica that computes for a second is not gone. */
const HOLDFAST_HEARTBEAT = '5s'
/** Milliseconds that a call takes, at most. */
const PAUSE = 5

export const modernSoak: Scenario = {
  promise: 'each answer, each progress notification and each question of a modern call belongs to its caller',
  figures: '1,000,000 calls of two principals with the same JSON-RPC ids, 200 at a time, over three replicas ' +
    'in turns; half with servers of SDK v1 behind the bridge, half with a shared server of SDK v2',
  deadline: 60,
  run: async trial => {
    const calls = trial.volume(1_000_000 / KINDS.length, 1_000)
    const total = calls * KINDS.length
    const found: string[] = []
    let before = 0
    for (const kind of KINDS) {
      const { callers, environment } = withTokens('ann', 'bob')
      const tally = await withModernFleet(kind, { HOLDFAST_HEARTBEAT, ...environment }, async fleet => {
        const place = turns(fleet)
        const onCall = (done: number): void => { trial.progress(before + done, total, `${kind}: ${done} calls`) }
        const tally = await nonceLoad({ place, callers, calls, hands: HANDS, pause: PAUSE, onCall })
        // Warnings may be: the load takes all of the machine.
        assert.doesNotMatch(fleet.log(), /"level":[56]0/)
        return tally
      })
      assert.equal(tally.calls, calls)
      before += calls
      const { asked, said } = tally
      found.push(`${kind}: ${calls} calls, ${asked} of them asked, ${said} notifications, none crossed`)
    }
    return found.join('; ')
  }
}
