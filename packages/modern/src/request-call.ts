import type { Principal } from '@holdfast/core'
import { type McpCall, PrintableCall, type RequestClaims } from '@holdfast/transport'

/** What handlers and hooks may know of a request without a session. Everything is read on demand, because few ask. */
export class RequestCall extends PrintableCall {
  readonly era = 'modern'
  readonly #claims: RequestClaims

  constructor (claims: RequestClaims, readonly principal: Principal | null) {
    super()
    this.#claims = claims
  }

  get version (): string { return this.#claims.version }
  get client (): McpCall['client'] { return this.#claims.client }
  get capabilities (): McpCall['capabilities'] { return this.#claims.capabilities }
  get trace (): McpCall['trace'] { return this.#claims.trace }
}
