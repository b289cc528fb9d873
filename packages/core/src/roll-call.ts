import { randomUUID } from 'node:crypto'
import { type ClientCounts, areClientCounts } from './client-count.js'
import { type Json, isObject } from './json.js'
import type { Sessions } from './sessions.js'
import { within } from './within.js'

/** The report of a replica about itself. */
export interface ReplicaReport {
  /** Sessions with a server object in the replica. */
  live: number
  /** Open responses with event streams in the replica. */
  streams: number
  /** Whether the replica refuses new requests, because it shuts down. */
  draining: boolean
  versions: { holdfast: string, node: string }
  /** Who asked the replica since it began. Only where that is asked for; absent where nobody counts. */
  counts?: ClientCounts
}

/** What the replicas of a fleet report. */
export interface FleetReport {
  /** The reports by the id of the replica, this one first. */
  replicas: Map<string, ReplicaReport>
  /** Announced replicas that did not answer in time. */
  silent: string[]
}

/** What a roll call asks for. */
export interface Asked {
  /** `counts`, too, which may be long. Default: no. */
  counts?: boolean
}

/** Milliseconds to wait for the reports of other replicas. */
const REPORT_WAIT = 500

/** Asks all replicas for reports over the bus. Nothing of it is stored. */
export class RollCall {
  readonly #calls = new Map<string, (replica: string, report: ReplicaReport) => void>()

  /** @param self the report of this process; none where it only asks */
  constructor (
    private readonly sessions: Sessions<any, any>, private readonly self?: (asked: Asked) => ReplicaReport
  ) {}

  /** @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE */
  async call (asked: Asked = {}): Promise<FleetReport> {
    const { fleet, vault: { availability, backend } } = this.sessions
    const missing = new Set(await availability.ask(() => backend.presence.list()))
    missing.delete(fleet.replica)
    const replicas = new Map<string, ReplicaReport>()
    if (this.self !== undefined) replicas.set(fleet.replica, this.self(asked))
    if (missing.size > 0) {
      const call = randomUUID()
      const complete = new Promise<void>(resolve => {
        this.#calls.set(call, (replica, report) => {
          replicas.set(replica, report)
          missing.delete(replica)
          if (missing.size === 0) resolve()
        })
      })
      await fleet.tell('roll-call', '', { call, ...(asked.counts === true && { counts: true }) })
      await within(complete, REPORT_WAIT)
      this.#calls.delete(call)
    }
    return { replicas, silent: [...missing] }
  }

  /** Answers the call of another replica. */
  async answer (caller: string, call: string, asked: Asked = {}): Promise<void> {
    if (this.self === undefined) return
    const report = { ...this.self(asked) } as unknown as Json
    await this.sessions.fleet.tellReplica(caller, 'present', '', { call, report })
  }

  /** Takes the answer of another replica. */
  receive (replica: string, call: string, report: Json): void {
    if (isReport(report)) this.#calls.get(call)?.(replica, report)
  }
}

function isReport (value: unknown): value is ReplicaReport {
  return isObject(value) &&
    Number.isInteger(value.live) && Number.isInteger(value.streams) && typeof value.draining === 'boolean' &&
    isObject(value.versions) && typeof value.versions.holdfast === 'string' &&
    typeof value.versions.node === 'string' && (value.counts === undefined || areClientCounts(value.counts))
}
