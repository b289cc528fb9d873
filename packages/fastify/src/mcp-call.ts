import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Session } from '@holdfast/core'
import { type McpCall, SessionCall } from '@holdfast/transport'

/** The call of a request, once somebody has asked for it, or once it is known to have no session. */
export const CALL = Symbol('call')

export type WithCall = FastifyRequest & { [CALL]: McpCall | null }

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
