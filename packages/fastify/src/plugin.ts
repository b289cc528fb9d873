import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance, RegisterOptions } from 'fastify'
import { type Session, Sessions, Sweeper, milliseconds } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import { Endpoint } from '@holdfast/transport'
import { admin } from './admin/routes.js'
import { audit } from './audit.js'
import { contextCheck } from './context.js'
import { health, readiness, watchHealth } from './health.js'
import { Metrics } from './metrics/metrics.js'
import { type HoldfastOptions, type Settings, readOptions } from './options.js'
import { registration } from './registration.js'
import { routes } from './routes.js'
import { sealing } from './sealing.js'
import { sharedValidator } from './shared-validator.js'
import { Snapshots } from './snapshots.js'
import { startWarnings } from './start-warnings.js'
import { unusedConnections } from './unused-connections.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** The sessions of this app: find, list and end them, hear of them. */
    mcpSessions: Sessions
  }
  interface FastifyRequest {
    /** The session of an MCP request, once it is known. */
    mcpSession: Session | null
  }
  interface FastifyContextConfig {
    /** What a route of Holdfast is for, so that a hook that guards every route can leave out probes, admin routes or scrapes. */
    holdfast?: 'health' | 'admin' | 'metrics'
  }
}

export async function plugin (app: FastifyInstance, options: HoldfastOptions & RegisterOptions): Promise<void> {
  const registered = registration(options)
  const settings = readOptions(options)
  const { namespace, ttl, limits, snapshot, thresholds } = settings
  const metrics = settings.metrics && await Metrics.create(settings.metrics)
  const { backend, changes } = watched(settings.backend ?? memory(), snapshot)
  const codec = sealing(settings, app.log)
  const sessions = new Sessions({ backend: metrics?.backend(backend) ?? backend, namespace, ttl, limits, thresholds, codec: metrics?.codec(codec) ?? codec, ...(snapshot !== undefined && { snapshot }) })
  const check = contextCheck(settings.context)
  if (check !== undefined) sessions.isContext = context => check(context) === undefined
  const snapshots = snapshot && new Snapshots(sessions, snapshot.every)
  const endpoint = await createEndpoint(sessions, settings)
  const sweeper = new Sweeper(sessions)
  const closeUnused = unusedConnections(app.server)

  app.decorate('mcpSessions', sessions)
  app.decorateRequest('mcpSession', null)
  audit(app.log, sessions)
  const watch = watchHealth(app, sessions, milliseconds(thresholds.interval, 'thresholds.interval'))
  // What nobody else hears of.
  sessions.on('error', ({ error }) => { app.log.error({ err: error }, 'holdfast: something failed in the background') })
  startWarnings(app, settings)
  let closing = false
  await app.register(async scope => { routes(scope, endpoint, settings, metrics?.requests) }, registered)
  if (settings.admin !== undefined) await app.register(async scope => { await admin(scope, sessions, endpoint, settings) }, registered)
  await app.register(async scope => {
    metrics?.serve(scope, endpoint, settings.path)
    if (settings.health !== undefined) health(scope, settings.health, async () => await readiness(sessions, closing))
  }, registered)

  app.addHook('onReady', async () => {
    await snapshots?.restore()
    await endpoint.start()
    for (const part of [sweeper, watch, deadlines]) part.start()
  })
}

async function createEndpoint (sessions: Sessions, settings: Settings): Promise<Endpoint> {
  const { createServer, limits, responseMode, maxBuffered } = settings
  const time = (name: 'streamAfter' | 'retry' | 'keepAlive' | 'dormantAfter' | 'factoryTimeout' | 'heartbeat'): number => milliseconds(settings[name], name)
  return new Endpoint({
    sessions,
    createServer,
    serverOptions: { jsonSchemaValidator: await sharedValidator() },
    maxLive: limits.maxLive,
    responseMode,
    maxBuffered,
    streamAfter: time('streamAfter'),
    retry: time('retry'),
    keepAlive: time('keepAlive'),
    dormantAfter: time('dormantAfter'),
    factoryTimeout: time('factoryTimeout'),
    heartbeat: time('heartbeat')
  })
}
