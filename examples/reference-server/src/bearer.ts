import { timingSafeEqual } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { bearerToken, tokenDigest } from './bearer-token.js'
import type { DemoToken } from './demo-tokens.js'

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
export function requireBearer (app: FastifyInstance, tokens: readonly DemoToken[]): void {
  const known = tokens.map(({ tenant, token }) => ({ tenant, digest: tokenDigest(token) }))

  app.decorateRequest('tenant', null)
  app.addHook('onRequest', async (request, reply) => {
    // Who probes a server has no token, and who runs it has another.
    if (request.routeOptions.config.holdfast !== undefined) return
    const presented = bearerToken(request)
    request.tenant = presented === undefined ? null : tenantOf(presented)
    if (request.tenant !== null) return
    const challenge = presented === undefined ? 'Bearer realm="mcp"' : 'Bearer realm="mcp", error="invalid_token"'
    return await reply.code(401).header('www-authenticate', challenge).send({
      jsonrpc: '2.0', id: null, error: { code: -32001, message: 'Unauthorized: a known bearer token is needed' }
    })
  })

  function tenantOf (presented: string): string | null {
    const candidate = tokenDigest(presented)
    let tenant = null
    // Every entry is compared, so that the time taken tells nothing about which one came close.
    for (const entry of known) if (timingSafeEqual(entry.digest, candidate)) tenant = entry.tenant
    return tenant
  }
}
