import type { FastifyInstance } from 'fastify'
import type { DemoToken } from './demo-tokens.js'
import { bearerOf, knownBearer } from './known-bearer.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose bearer token came with the request. */
    tenant: string | null
  }
}

/**
 * Bearer authentication as any application would add it: a hook that runs before the routes registered after it.
 * It leaves out the probes, the admin routes and the metrics of Holdfast. A request without a known token is answered
 * 401 (RFC 6750) and goes no further.
 */
export async function requireBearer (app: FastifyInstance, tokens: readonly DemoToken[]): Promise<void> {
  const tenants = new Map(tokens.map(({ tenant, token }) => [token, tenant]))
  const isKnown = await knownBearer(app, [...tenants.keys()])

  app.decorateRequest('tenant', null)
  app.addHook('onRequest', async (request, reply) => {
    // Who probes a server has no token, and who runs it has another.
    if (request.routeOptions.config.holdfast !== undefined) return
    const presented = bearerOf(request)
    if (presented !== undefined && await isKnown(request, reply)) {
      request.tenant = tenants.get(presented) ?? null
      return
    }
    const challenge = presented === undefined ? 'Bearer realm="mcp"' : 'Bearer realm="mcp", error="invalid_token"'
    return await reply.code(401).header('www-authenticate', challenge).send({
      jsonrpc: '2.0', id: null, error: { code: -32001, message: 'Unauthorized: a known bearer token is needed' }
    })
  })
}
