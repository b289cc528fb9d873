import assert from 'node:assert/strict'
import { AskedCall, type Caller, type Told } from '@holdfast/two-eras/modern-caller'
import type { ModernFleet } from './modern-fleet.js'

/** Calls that wait in a replica at the same time. */
const WAITING = 10

/** Has calls of these callers wait for answers in a replica. */
export async function park (fleet: ModernFleet, place: number, callers: readonly Caller[]): Promise<AskedCall[]> {
  const url = fleet.places[place] as URL
  return await Promise.all(Array.from({ length: WAITING }, async (_, n) =>
    await AskedCall.begin(url, callers[n % callers.length] as Caller, n)))
}

/** What is said of a call that was lost with its process. */
export function isHonest ({ status, answer }: Told): void {
  assert.equal(status, 200)
  assert.deepEqual(answer.error, { code: -32603, message: 'The process that ran this call has ended; call again' })
}
