import holdfast, { type HoldfastOptions, file } from '@holdfast/fastify'
import fastify, { type FastifyInstance } from 'fastify'
import { adminToken } from './admin-token.js'
import { arrivesWithin } from './arrival.js'
import { BACKENDS } from './backends.js'
import { requireBearer } from './bearer.js'
import { endConnections } from './end-connections.js'
import type { Settings } from './environment.js'
import { given } from './given.js'
import { createServer } from './mcp-server.js'
import { guardMetrics } from './metrics-guard.js'
import { tenantContext } from './tenant-context.js'

/** The application, not listening yet. Its log has warnings and errors only, and goes to stderr. */
export async function buildApp (settings: Settings): Promise<FastifyInstance> {
  const { demoTokens, idle, absolute, snapshot, snapshotEvery: every } = settings
  const { maxSessions, maxPerOwner, maxCalls, evict, maxLive, drainDelay, drainTimeout } = settings
  const { callTimeout, stallTimeout, bodyTimeout, heartbeat, streamAfter, retry, standaloneRetry } = settings
  const { allowedHosts, allowedOrigins, responseMode, keys, encryption } = settings
  const app = fastify({
    logger: { level: 'warn', stream: process.stderr },
    // While it closes, the plugin answers as JSON-RPC, and clients still answer what running calls asked them.
    return503OnClosing: false,
    ...arrivesWithin(settings.requestTimeout)
  })
  const backend = BACKENDS[settings.backend](settings, warning => app.log.warn({ err: warning }, 'about Redis'))
  // Hooks of this kind run last to first: the plugin signs off before its backend goes.
  app.addHook('onClose', async () => await backend.close())
  const options: HoldfastOptions = {
    createServer,
    backend,
    health: '/health',
    context: tenantContext,
    ttl: given({ idle, absolute }),
    limits: given({ maxSessions, maxPerOwner, maxCalls, evict }),
    live: given({ max: maxLive }),
    streams: given({ after: streamAfter, retry, standaloneRetry }),
    shutdown: given({ delay: drainDelay, timeout: drainTimeout }),
    ...given({ callTimeout, stallTimeout, bodyTimeout, heartbeat }),
    ...given({ allowedHosts, allowedOrigins, responseMode, keys, encryption })
  }
  if (snapshot !== undefined) options.snapshot = file(snapshot, given({ every }))
  if (settings.adminToken !== undefined) options.admin = { authorize: adminToken(settings.adminToken) }
  if (settings.metrics !== undefined) {
    guardMetrics(app, settings.metrics)
    options.metrics = { path: '/metrics' }
  }
  if (demoTokens !== undefined) {
    requireBearer(app, demoTokens)
    options.principal = ({ tenant }) => tenant === null ? null : { subject: tenant }
  }
  await app.register(holdfast, options)
  endConnections(app)
  return app
}
