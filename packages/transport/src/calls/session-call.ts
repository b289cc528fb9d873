import type { JsonObject, Principal, Session } from '@holdfast/core'
import type { Inbound } from '../http/inbound.js'
import { type McpCall, PrintableCall } from './mcp-call.js'
import { traceOf } from './trace.js'

/** A request that belongs to a session. Everything is read on demand, because few handlers ask. */
export class SessionCall extends PrintableCall {
  readonly era = 'sessions'
  readonly #session: Session
  readonly #inbound: Pick<Inbound, 'headers'>

  constructor (session: Session, inbound: Pick<Inbound, 'headers'>) {
    super()
    this.#session = session
    this.#inbound = inbound
  }

  get version (): string { return this.#session.state.handshake.protocolVersion }
  get principal (): Principal | null { return this.#session.principal }

  get client (): McpCall['client'] {
    const { client } = this.#session.state
    return typeof client.name === 'string' ? client as unknown as McpCall['client'] : undefined
  }

  get capabilities (): Readonly<JsonObject> {
    return (this.#session.state.handshake.initialize.capabilities ?? {}) as JsonObject
  }

  get trace (): McpCall['trace'] {
    return traceOf({}, this.#inbound)
  }
}
