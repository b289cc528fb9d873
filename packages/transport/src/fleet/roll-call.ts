import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Json, type Sessions, isObject, within } from '@holdfast/core'

/** The report of a replica about itself. */
export interface ReplicaReport {
  /** Sessions with a server object in the replica. */
  live: number
  /** Open responses with event streams in the replica. */
  streams: number
  /** Whether the replica refuses new requests, because it shuts down. */
  draining: boolean
  versions: { holdfast: string, node: string }
}

/** What the replicas of a fleet report. */
export interface FleetReport {
  /** The reports by the id of the replica, this one first. */
  replicas: Map<string, ReplicaReport>
  /** Announced replicas that did not answer in time. */
  silent: string[]
}

/** Milliseconds to wait for the reports of other replicas. */
const REPORT_WAIT = 500

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
) as { version: string }

export const VERSIONS: ReplicaReport['versions'] = { holdfast: version, node: process.versions.node }

/** Asks all replicas for reports over the bus. Nothing of it is stored. */
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
      await within(complete, REPORT_WAIT)
      this.#calls.delete(call)
    }
    return { replicas, silent: [...missing] }
  }

  /** Answers the call of another replica. */
  async answer (caller: string, call: string): Promise<void> {
    await this.sessions.fleet.tellReplica(caller, 'present', '', { call, report: { ...this.self() } })
  }

  /** Takes the answer of another replica. */
  receive (replica: string, call: string, report: Json): void {
    if (isReport(report)) this.#calls.get(call)?.(replica, report)
  }
}

function isReport (value: unknown): value is ReplicaReport {
  return isObject(value) &&
    Number.isInteger(value.live) && Number.isInteger(value.streams) && typeof value.draining === 'boolean' &&
    isObject(value.versions) && typeof value.versions.holdfast === 'string' && typeof value.versions.node === 'string'
}
