import { isObject } from './json.js'

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

function isClientCount (value: unknown): value is ClientCount {
  return isObject(value) && typeof value.name === 'string' && (value.era === 'sessions' || value.era === 'modern') &&
    typeof value.version === 'string' && isAmount(value.requests) && isAmount(value.refused)
}

function isAmount (value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
