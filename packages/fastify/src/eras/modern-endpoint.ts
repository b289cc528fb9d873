import { type Sessions, milliseconds } from '@holdfast/core'
import { ModernEndpoint } from '@holdfast/modern'
import type { ModernSettings, Settings } from '../check-options.js'
import type { EraEvents } from './era-events.js'
import type { MadeServer } from './modern-server.js'

/** The endpoint of revision 2026-07-28. What it shares with the sessions has the same options. */
export function modernEndpoint (
  sessions: Sessions, settings: Settings, { maxCalls, cache }: ModernSettings, { server, serverKey }: MadeServer,
  { onState }: EraEvents
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
    onState
  })
}
