/**
 * The contract of a backend as data: named checks without a test runner.
 *
 * ```ts
 * import t from 'tap'
 * import { runContract } from '@holdfast/core/contract'
 *
 * runContract((name, run) => t.test(name, run), harness)
 * ```
 */
import { bus } from './bus.js'
import { claims } from './claims.js'
import { creatingMany } from './creating-many.js'
import { delivery } from './delivery.js'
import { ending } from './ending.js'
import { exactExpiry, expiry } from './expiry.js'
import type { ContractCheck, Harness } from './harness.js'
import { heads } from './heads.js'
import { idlest, exactIdlest } from './idlest.js'
import { isolation } from './isolation.js'
import { life } from './life.js'
import { limits } from './limits.js'
import { listing } from './listing.js'
import { origin } from './origin.js'
import { partitions } from './partitions.js'
import { presence } from './presence.js'
import { records } from './records.js'
import { releasing } from './releasing.js'
import { removal } from './removal.js'
import { reopening } from './reopening.js'
import { replacement } from './replacement.js'
import { resealedStreams } from './resealed-streams.js'
import { resealing } from './resealing.js'
import { importedStreams } from './imported-streams.js'
import { importing } from './importing.js'
import { sharing } from './sharing.js'
import { staleStreams } from './stale-streams.js'
import { streams } from './streams.js'
import { trimming } from './trimming.js'
import { wholeStreams } from './whole-streams.js'

export type { Capability, ContractCheck, Harness, Subject } from './harness.js'
export { onPartition } from './on-partition.js'

/** All checks. Each makes its own subject, so they can run in any order and side by side. */
export const checks: readonly ContractCheck[] = [
  ...life, ...records, ...creatingMany, ...removal, ...releasing, ...expiry, ...exactExpiry, ...origin, ...limits,
  ...replacement, ...resealing, ...isolation, ...listing, ...heads, ...idlest, ...exactIdlest, ...claims, ...streams,
  ...ending, ...delivery, ...trimming, ...wholeStreams, ...importedStreams, ...importing, ...resealedStreams,
  ...staleStreams, ...bus, ...presence, ...partitions, ...sharing, ...reopening
]

/** Registers with a test runner the checks that apply to a harness. */
export function runContract (register: (name: string, run: () => Promise<void>) => unknown, harness: Harness): void {
  for (const check of checks) {
    if (!check.needs.every(needed => harness.offers.includes(needed))) continue
    register(`${check.group}: ${check.name}`, async () => { await check.run(harness) })
  }
}
