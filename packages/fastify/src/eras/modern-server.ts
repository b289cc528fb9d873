import { HoldfastError, InvalidOptionError, type Sessions, isHoldfastError, milliseconds } from '@holdfast/core'
import {
  type BridgeServer, type ModernServer, type RequestStateCodec, bridge, cacheHints, sharedServer
} from '@holdfast/modern'
import type { CommonServerOptions, ConnectableServer, CreateServer, HeldServer, Inbound } from '@holdfast/transport'
import type { FastifyRequest } from 'fastify'
import type { ModernSettings, Settings } from '../check-options.js'
import type { FastifyInbound } from '../fastify-inbound.js'
import type { CreateModernServer, ModernServerInit } from './create-modern-server.js'
import type { EraEvents } from './era-events.js'
import { noStates, requestStates } from './request-states.js'

/** What answers modern requests. */
export interface MadeServer {
  server: ModernServer
  /** The bridge, where that is what answers. */
  bridge?: BridgeServer
  /** Names the server of a request. */
  serverKey?: (inbound: Inbound) => string
}

/** @throws InvalidOptionError */
export function modernServer (
  sessions: Sessions, settings: Settings, modern: ModernSettings, serverOptions: CommonServerOptions,
  events: EraEvents
): MadeServer {
  const { server } = modern
  if (typeof server === 'function') return shared(sessions, settings, modern, server, events)
  const { createServer, live, heartbeat } = settings
  const made = bridge({
    createServer: createServer as CreateServer,
    serverOptions,
    sessions,
    maxLive: live.max,
    dormantAfter: live.idle,
    factoryTimeout: live.startTimeout,
    parkTimeout: modern.parkTimeout,
    maxParked: modern.maxParked,
    maxParkedPerOwner: modern.maxParkedPerOwner,
    heartbeat,
    onParked: events.onParked,
    ...(modern.per !== undefined && { per: modern.per as 'principal' | 'replica' })
  })
  return { server: made, bridge: made }
}

function shared (
  sessions: Sessions, { live }: Settings, modern: ModernSettings, create: CreateModernServer, events: EraEvents
): MadeServer {
  const { per, cache = {}, fallback, sdk, requestState } = modern
  const states = requestStates(sessions, requestState)
  if (states === undefined && requestState.once !== false) throw noStates('modern.requestState')
  const hints = cacheHints(cache)
  const key = typeof per === 'function' ? keyOf(per) : undefined
  const server = sharedServer({
    create: async ({ key, serverOptions }) =>
      await made(create, init(key, { ...serverOptions, cacheHints: hints }, states)),
    createTimeout: milliseconds(live.startTimeout, 'live.startTimeout'),
    onUnrelated: events.onUnrelated,
    onWarning: events.onWarning,
    onError: error => sessions.report(error),
    ...(key !== undefined && { per: key }),
    ...(states !== undefined && { requestState: states }),
    ...(fallback !== undefined && { fallback }),
    ...(sdk !== undefined && { sdk })
  })
  return { server, ...(key !== undefined && { serverKey: key }) }
}

/** @throws HoldfastError HOLDFAST_FACTORY_FAILED that names the option */
async function made (create: CreateModernServer, init: ModernServerInit): Promise<ConnectableServer | HeldServer> {
  try {
    return await create(init)
  } catch (cause) {
    if (isHoldfastError(cause) || cause instanceof InvalidOptionError) throw cause
    throw new HoldfastError(
      'HOLDFAST_FACTORY_FAILED',
      'modern.server threw an error. It gets one argument: { key, serverOptions, requestState }', { cause }
    )
  }
}

function keyOf (per: (request: FastifyRequest) => string): (inbound: Inbound) => string {
  return inbound => per((inbound as FastifyInbound).request)
}

function init (
  key: string | undefined, serverOptions: ModernServerInit['serverOptions'], states: RequestStateCodec | undefined
): ModernServerInit {
  return {
    key,
    serverOptions,
    get requestState () {
      if (states === undefined) throw noStates('modern.requestState')
      return states
    }
  }
}
