import { isObject } from './json.js'
import type { FleetReport } from './roll-call.js'

/** How often clients of one name and one revision of MCP asked one process. */
export interface ClientCount {
  /** What they call themselves; empty for those that do not say, or that came when there were too many names. */
  name: string
  /** Whether their requests belong to sessions. */
  era: 'sessions' | 'modern'
  /** The revision of MCP, or `other`. */
  version: string
  requests: number
  /** Those among them that were refused because of their revision. */
  refused: number
}

/** The counts of one process. */
export interface ClientCounts {
  /** Milliseconds since the epoch. */
  since: number
  clients: readonly ClientCount[]
}

/** Whether counts from another process can be used. */
export function areClientCounts (value: unknown): value is ClientCounts {
  return isObject(value) && Number.isSafeInteger(value.since) && Array.isArray(value.clients) &&
    value.clients.every(isClientCount)
}

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

function isClientCount (value: unknown): value is ClientCount {
  return isObject(value) && typeof value.name === 'string' && (value.era === 'sessions' || value.era === 'modern') &&
    typeof value.version === 'string' && isAmount(value.requests) && isAmount(value.refused)
}

function isAmount (value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
