import { type McpCall, PrintableCall } from '@holdfast/transport'
import type { ModernCall } from './modern-call.js'

/**
 * What a handler may know of its call. It hides the call itself, which a handler must not end. Everything is read on
 * demand, because few handlers ask.
 */
export class HandedCall extends PrintableCall {
  readonly era = 'modern'
  readonly #call: ModernCall

  constructor (call: ModernCall) {
    super()
    this.#call = call
  }

  get version (): string { return this.#call.meta.version }
  get principal (): McpCall['principal'] { return this.#call.inbound.principal }
  get client (): McpCall['client'] { return this.#call.meta.client }
  get capabilities (): McpCall['capabilities'] { return this.#call.meta.capabilities }
  get trace (): McpCall['trace'] { return this.#call.meta.trace }
}
