import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Json, type Sessions, isObject, within } from '@holdfast/core'

/** What a replica says of itself. */
export interface ReplicaReport {
  /** Sessions with a server object there. */
  live: number
  /** Responses with event streams that are open there. */
  streams: number
  /** It takes nothing new any more. */
  draining: boolean
  versions: { holdfast: string, node: string }
}

export interface FleetReport {
  /** By the replicas' ids, this one first. */
  replicas: Map<string, ReplicaReport>
  /** Replicas that are announced, and said nothing in time. */
  silent: string[]
}

/** Milliseconds to wait for answers. */
const PATIENCE = 500

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
) as { version: string }

export const VERSIONS: ReplicaReport['versions'] = { holdfast: version, node: process.versions.node }

/** Asks all replicas how they are, over the bus: nothing of it is stored. */
export class RollCall {
  readonly #calls = new Map<string, (replica: string, report: ReplicaReport) => void>()

  constructor (private readonly sessions: Sessions, private readonly self: () => ReplicaReport) {}

  async call (): Promise<FleetReport> {
    const { fleet, vault: { availability, backend } } = this.sessions
    const missing = new Set(await availability.ask(() => backend.presence.list()))
    missing.delete(fleet.replica)
    const replicas = new Map([[fleet.replica, this.self()]])
    if (missing.size > 0) {
      const call = randomUUID()
      const complete = new Promise<void>(resolve => {
        this.#calls.set(call, (replica, report) => {
          replicas.set(replica, report)
          missing.delete(replica)
          if (missing.size === 0) resolve()
        })
      })
      await fleet.tell('roll-call', '', { call })
      await within(complete, PATIENCE)
      this.#calls.delete(call)
    }
    return { replicas, silent: [...missing] }
  }

  /** Another replica calls. */
  async answer (caller: string, call: string): Promise<void> {
    await this.sessions.fleet.tellReplica(caller, 'present', '', { call, report: { ...this.self() } })
  }

  /** Another replica answers. */
  heard (replica: string, call: string, report: Json): void {
    if (isReport(report)) this.#calls.get(call)?.(replica, report)
  }
}

function isReport (value: unknown): value is ReplicaReport {
  return isObject(value) &&
    Number.isInteger(value.live) && Number.isInteger(value.streams) && typeof value.draining === 'boolean' &&
    isObject(value.versions) && typeof value.versions.holdfast === 'string' && typeof value.versions.node === 'string'
}
