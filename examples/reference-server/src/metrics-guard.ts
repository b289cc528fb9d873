import type { FastifyInstance } from 'fastify'
import { parseAdminToken } from './admin-token.js'
import { bearing } from './bearer-token.js'

/** Who may see the metrics: anybody, or whoever has a token. */
export type MetricsAccess = 'anybody' | { token: string }

/** @throws Error which shows nothing of the token */
export function parseMetricsAccess (text: string): MetricsAccess {
  return text === '1' ? 'anybody' : { token: parseAdminToken(text) }
}

/** A scraper presents the token as Prometheus does with `authorization`. */
export function guardMetrics (app: FastifyInstance, access: MetricsAccess): void {
  if (access === 'anybody') return
  const isBearer = bearing(access.token)
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.holdfast !== 'metrics' || isBearer(request) === true) return
    reply.code(401).header('www-authenticate', 'Bearer')
    return await reply.send({ statusCode: 401, error: 'Unauthorized', message: 'Unauthorized' })
  })
}
