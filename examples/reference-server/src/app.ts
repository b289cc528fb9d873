import holdfast, { type HoldfastOptions } from '@holdfast/fastify'
import fastify, { type FastifyInstance } from 'fastify'
import { adminToken } from './admin-token.js'
import { arrivesWithin } from './arrival.js'
import { requireBearer } from './bearer.js'
import { endConnections } from './end-connections.js'
import type { Settings } from './environment.js'
import { createServer } from './mcp-server.js'
import { guardMetrics } from './metrics-guard.js'
import { tenantContext } from './tenant-context.js'

/**
 * The application, not listening yet. Its log has warnings and errors only, and goes to stderr.
 *
 * @param changes to the options of the plugin
 */
export async function buildApp (
  { options: fromEnv, createBackend, own }: Settings, changes: Partial<HoldfastOptions> = {}
): Promise<FastifyInstance> {
  const app = fastify({
    logger: { level: 'warn', stream: process.stderr },
    // While it closes, the plugin answers as JSON-RPC, and clients still answer what running calls asked them.
    return503OnClosing: false,
    ...arrivesWithin(own.requestTimeout)
  })
  const options: HoldfastOptions = {
    createServer,
    backend: createBackend(app),
    health: '/health',
    context: tenantContext,
    modern: 'auto',
    ...fromEnv,
    ...changes
  }
  if (own.adminToken !== undefined) options.admin = { authorize: await adminToken(app, own.adminToken) }
  if (own.metrics !== undefined) {
    await guardMetrics(app, own.metrics)
    options.metrics = { path: '/metrics', ...fromEnv.metrics }
  }
  if (own.demoTokens !== undefined) {
    await requireBearer(app, own.demoTokens)
    options.principal = ({ tenant }) => tenant === null ? null : { subject: tenant }
  }
  await app.register(holdfast, options)
  endConnections(app)
  return app
}
