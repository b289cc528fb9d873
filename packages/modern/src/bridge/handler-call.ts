import type { McpCall } from '@holdfast/transport'
import type { ModernCall } from '../modern-call.js'

/** What handlers may know of a modern call. Everything is read on demand, because few handlers ask. */
export class HandlerCall implements McpCall {
  readonly era = 'modern'
  readonly #call: ModernCall

  constructor (call: ModernCall) {
    this.#call = call
  }

  get version (): string { return this.#call.meta.version }
  get principal (): McpCall['principal'] { return this.#call.inbound.principal }
  get client (): McpCall['client'] { return this.#call.meta.client }
  get capabilities (): McpCall['capabilities'] { return this.#call.meta.capabilities }
  get trace (): McpCall['trace'] { return this.#call.meta.trace }
}
