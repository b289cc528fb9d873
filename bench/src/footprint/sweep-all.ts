import { setImmediate } from 'node:timers/promises'
import type { Sessions } from '@holdfast/core'

/** What the sweeper does when its time has come. Resolves to the number of sessions that had expired. */
export async function sweepAll (sessions: Sessions): Promise<number> {
  let total = 0
  for (;;) {
    const { expired, more } = await sessions.sweep()
    total += expired
    if (!more) return total
    await setImmediate()
  }
}
