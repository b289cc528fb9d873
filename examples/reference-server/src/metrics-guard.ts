import type { FastifyInstance } from 'fastify'
import { parseAdminToken } from './admin-token.js'
import { knownBearer } from './known-bearer.js'

/** Who may see the metrics: anybody, or whoever has a token. */
export type MetricsAccess = 'anybody' | { token: string }

/** @throws Error which shows nothing of the token */
export function parseMetricsAccess (text: string): MetricsAccess {
  return text === '1' ? 'anybody' : { token: parseAdminToken(text) }
}

/** A scraper presents the token as Prometheus does with `authorization`. */
export async function guardMetrics (app: FastifyInstance, access: MetricsAccess): Promise<void> {
  if (access === 'anybody') return
  const isKnown = await knownBearer(app, [access.token])
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.holdfast !== 'metrics' || await isKnown(request, reply)) return
    reply.code(401).header('www-authenticate', 'Bearer')
    return await reply.send({ statusCode: 401, error: 'Unauthorized', message: 'Unauthorized' })
  })
}
