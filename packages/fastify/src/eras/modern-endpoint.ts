import { type Sessions, milliseconds } from '@holdfast/core'
import { ModernEndpoint, type ModernEndpointOptions } from '@holdfast/modern'
import type { ModernSettings, Settings } from '../check-options.js'
import type { MadeServer } from './modern-server.js'

/** Who is told of requests. */
export type Told = Pick<ModernEndpointOptions, 'onCall' | 'onState'>

/** The endpoint of revision 2026-07-28. What it shares with the sessions has the same options. */
export function modernEndpoint (
  sessions: Sessions, settings: Settings, { maxCalls, cache }: ModernSettings, { server, serverKey }: MadeServer,
  told: Told = {}
): ModernEndpoint {
  const { legacy, responseMode, streams } = settings
  return new ModernEndpoint({
    server,
    sessions,
    legacy: legacy === 'sessions',
    responseMode,
    streamAfter: milliseconds(streams.after, 'streams.after'),
    keepAlive: milliseconds(streams.keepAlive, 'streams.keepAlive'),
    stallTimeout: milliseconds(settings.stallTimeout, 'stallTimeout'),
    maxBuffered: streams.maxBuffered,
    callTimeout: milliseconds(settings.callTimeout, 'callTimeout'),
    maxCalls,
    ...(cache !== undefined && { cache }),
    ...(serverKey !== undefined && { serverKey }),
    ...told
  })
}
