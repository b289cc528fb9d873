import type { ClientCount } from './client-count.js'
import type { FleetReport } from './roll-call.js'

/** Who asks a fleet. */
export interface EraReport {
  /** When the oldest of the processes began to count, in milliseconds since the epoch; 0 for none. */
  since: number
  /** Sessions first, then by requests. */
  clients: ClientCount[]
  /** The processes that count. */
  replicas: string[]
  /** Those that did not answer, or do not count. */
  silent: string[]
}

/** Adds up the counts of a roll call. */
export function eraReport ({ replicas, silent }: FleetReport): EraReport {
  const sums = new Map<string, ClientCount>()
  const counting: string[] = []
  const others = [...silent]
  let since = Infinity
  for (const [replica, { counts }] of replicas) {
    (counts === undefined ? others : counting).push(replica)
    since = Math.min(since, counts?.since ?? Infinity)
    for (const count of counts?.clients ?? []) add(sums, count)
  }
  const clients = [...sums.values()].sort((one, other) =>
    other.era.localeCompare(one.era) || other.requests - one.requests || one.name.localeCompare(other.name))
  return { since: since === Infinity ? 0 : since, clients, replicas: counting, silent: others }
}

function add (sums: Map<string, ClientCount>, { name, era, version, requests, refused }: ClientCount): void {
  const key = JSON.stringify([era, version, name])
  const sum = sums.get(key) ?? { name, era, version, requests: 0, refused: 0 }
  sum.requests += requests
  sum.refused += refused
  sums.set(key, sum)
}
