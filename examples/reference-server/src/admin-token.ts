import type { Authorize } from '@holdfast/fastify'
import type { FastifyInstance } from 'fastify'
import { bearerOf, knownBearer } from './known-bearer.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether the token of the operator came with a request for an admin route. */
    isOperator: boolean
  }
}

/** Whoever has the token may use every admin route. */
export async function adminToken (app: FastifyInstance, token: string): Promise<Authorize> {
  const isKnown = await knownBearer(app, [token])
  app.decorateRequest('isOperator', false)
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.holdfast === 'admin') request.isOperator = await isKnown(request, reply)
  })
  return request => {
    if (bearerOf(request) !== undefined) return request.isOperator
    throw Object.assign(new Error('a bearer token is needed'), { statusCode: 401 })
  }
}

/** @throws Error which shows nothing of the token */
export function parseAdminToken (text: string): string {
  if (/^[\w.~+/-]{16,}=*$/.test(text)) return text
  throw new Error('expected a token of 16 or more letters, digits and -._~+/')
}
