import type { FastifyInstance, RegisterOptions } from 'fastify'
import { type Json, type OnEnd, type Session, Sessions, Sweeper, milliseconds } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import { type CommonServerOptions, type CreateServer, Endpoint, type McpCall } from '@holdfast/transport'
import { admin } from './admin/routes.js'
import { Transfers } from './admin/transfer.js'
import { audit } from './audit.js'
import { countingChanges } from './changes.js'
import { type Settings, checkOptions } from './check-options.js'
import { chooseCodec } from './choose-codec.js'
import { closing } from './closing.js'
import { Connections } from './connections/connections.js'
import { Deadlines } from './connections/deadlines.js'
import { noteUnrouted, serveRoutes } from './connections/routes.js'
import { watchServers } from './connections/servers.js'
import { contextCheck } from './context.js'
import { EndHook } from './end-hook.js'
import { EraEvents } from './eras/era-events.js'
import { Eras } from './eras/eras.js'
import { modernEndpoint } from './eras/modern-endpoint.js'
import { type MadeServer, modernServer } from './eras/modern-server.js'
import { ClientCounter } from './eras/client-counter.js'
import { health, readiness, watchHealth } from './health.js'
import { decorateCalls } from './mcp-call.js'
import { Metrics } from './metrics/metrics.js'
import type { HoldfastOptions } from './options.js'
import { registration } from './registration.js'
import { routes } from './routes.js'
import type { AppContext, AppData } from './session-types.js'
import { sharedValidator } from './shared-validator.js'
import { SnapshotSchedule } from './snapshot-schedule.js'
import { startWarnings } from './start-warnings.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** The sessions of this app: finds, lists, counts, ends and exports them, and emits their events. */
    mcpSessions: Sessions<AppData, AppContext>
  }
  interface FastifyRequest {
    /** The session of an MCP request, from the moment that it is known. */
    mcpSession: Session<AppData, AppContext> | null
    /** What an MCP request says of itself, in both eras, from the moment that it is known. */
    readonly mcpCall: McpCall | null
  }
  interface FastifyContextConfig {
    /** The purpose of a route of Holdfast. A hook that guards every route can leave out probes or scrapes. */
    holdfast?: 'health' | 'admin' | 'metrics'
  }
}

export async function plugin (app: FastifyInstance, options: HoldfastOptions & RegisterOptions): Promise<void> {
  const registered = registration(options)
  const settings = checkOptions(options)
  const stallTimeout = milliseconds(settings.stallTimeout, 'stallTimeout')
  const { namespace, ttl, limits, snapshot, thresholds } = settings
  const metrics = settings.metrics && await Metrics.create(settings.metrics)
  const given = settings.backend ?? memory()
  const counted = snapshot && countingChanges(given)
  const backend = counted?.backend ?? given
  const codec = chooseCodec(settings, app.log)
  const check = contextCheck(settings.context)
  const isContext = check && ((context: Json) => check(context) === undefined)
  const endHook = settings.onEnd && new EndHook(settings.onEnd as OnEnd)
  const sessions = new Sessions({
    backend: metrics?.backend(backend) ?? backend,
    codec: metrics?.codec(codec) ?? codec,
    namespace,
    ttl,
    limits,
    thresholds,
    // Only a request can renew a context, so one that can be renewed is checked when its session becomes live.
    isContext: settings.context?.renew === undefined ? isContext : undefined,
    onEnd: endHook?.run,
    ...(snapshot !== undefined && { snapshot })
  })
  const snapshots = counted && new SnapshotSchedule(sessions, snapshot?.every, counted.changes)
  const serverOptions = { jsonSchemaValidator: await sharedValidator() }
  const clients = new ClientCounter()
  const events = new EraEvents(app.log, sessions, clients, metrics?.eras, settings.modern !== undefined)
  const made = settings.modern && modernServer(sessions, settings, settings.modern, serverOptions, events)
  const endpoint = createEndpoint(sessions, settings, isContext, { serverOptions, made, clients })
  const modern = made && settings.modern && {
    endpoint: modernEndpoint(sessions, settings, settings.modern, made, events), bridge: made.bridge
  }
  const eras = modern === undefined ? endpoint : new Eras(endpoint, modern.endpoint)
  const sweeper = new Sweeper(sessions)
  const connections = new Connections()
  const bodyTimeout = milliseconds(settings.bodyTimeout, 'bodyTimeout')
  const deadlines = new Deadlines(connections, { bodyTimeout, stallTimeout })
  const transfers = new Transfers(sessions, stallTimeout)

  app.decorate('mcpSessions', sessions as unknown as Sessions<AppData, AppContext>)
  app.decorateRequest('mcpSession', null)
  decorateCalls(app)
  audit(app.log, sessions)
  const watch = watchHealth(app, sessions, milliseconds(thresholds.interval, 'thresholds.interval'))
  // Failures that concern no caller.
  sessions.on('error', ({ error }) => { app.log.error({ err: error }, 'holdfast: something failed in the background') })
  startWarnings(app, settings)
  watchServers(app, connections)
  noteUnrouted(app, connections)
  const watches = [deadlines, watch, sweeper]
  const isClosing = closing(app, settings, {
    sessions, endpoint: eras, endHook, connections, transfers, snapshots, watches
  })
  await app.register(async scope => {
    routes(scope, eras, settings, { connections, clients, onRefused: events.onRefused, requests: metrics?.requests })
  }, registered)
  if (settings.admin !== undefined) {
    await app.register(async scope => {
      await admin(scope, sessions, endpoint, settings, { connections, transfers })
    }, registered)
  }
  await app.register(async scope => {
    serveRoutes(scope, connections)
    metrics?.serve(scope, endpoint, settings.path, modern)
    if (settings.health !== undefined) {
      health(scope, settings.health, async () => await readiness(sessions, isClosing()))
    }
  }, registered)

  app.addHook('onReady', async () => {
    await snapshots?.restore()
    await eras.start()
    for (const part of watches) part.start()
  })
}

interface EndpointParts {
  serverOptions: CommonServerOptions
  made: MadeServer | undefined
  clients: ClientCounter
}

function createEndpoint (
  sessions: Sessions, settings: Settings, isContext: ((context: Json) => boolean) | undefined,
  { serverOptions, made, clients }: EndpointParts
): Endpoint {
  const { createServer, limits: { maxCalls, maxOpenStreams, maxSubscriptions }, responseMode, streams, live } = settings
  return new Endpoint({
    sessions,
    createServer: createServer as CreateServer,
    serverOptions,
    counts: () => clients.counts(),
    maxCalls,
    maxOpenStreams,
    maxSubscriptions,
    responseMode,
    maxBuffered: streams.maxBuffered,
    streamAfter: milliseconds(streams.after, 'streams.after'),
    retry: milliseconds(streams.retry, 'streams.retry'),
    standaloneRetry: milliseconds(streams.standaloneRetry, 'streams.standaloneRetry'),
    keepAlive: milliseconds(streams.keepAlive, 'streams.keepAlive'),
    maxLive: live.max,
    dormantAfter: milliseconds(live.idle, 'live.idle'),
    factoryTimeout: milliseconds(live.startTimeout, 'live.startTimeout'),
    isContext,
    renewEvery: milliseconds(settings.context?.renewEvery ?? '5m', 'context.renewEvery'),
    callTimeout: milliseconds(settings.callTimeout, 'callTimeout'),
    stallTimeout: milliseconds(settings.stallTimeout, 'stallTimeout'),
    heartbeat: milliseconds(settings.heartbeat, 'heartbeat'),
    ...(made?.bridge !== undefined && { fleetHandlers: made.bridge.fleetHandlers })
  })
}
