import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Principal, Session } from '@holdfast/core'
import { type McpCall, PrintableCall, type RequestClaims, SessionCall } from '@holdfast/transport'

/** The call of a request, once somebody has asked for it, or once it is known to have no session. */
export const CALL = Symbol('call')

export type WithCall = FastifyRequest & { [CALL]: McpCall | null }

/** A request of a revision without sessions. */
export class ModernRequestCall extends PrintableCall {
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

/** Adds `request.mcpCall`. A session's is made when somebody asks, because few do. */
export function decorateCalls (app: FastifyInstance): void {
  app.decorateRequest(CALL, null)
  app.decorateRequest('mcpCall', {
    getter (this: FastifyRequest) {
      const request = this as WithCall
      if (request[CALL] === null && request.mcpSession !== null) {
        request[CALL] = new SessionCall(request.mcpSession as unknown as Session, request)
      }
      return request[CALL]
    }
  })
}
