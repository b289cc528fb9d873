import { pluginOption } from './plugin-option.js'
import type { Variable } from './variable.js'

/** Sessions: how long they last, and how many there may be. */
export const SESSION_VARIABLES: readonly Variable[] = [
  pluginOption(
    'HOLDFAST_NAMESPACE', 'namespace', 'part of every key: a session of one namespace is unknown in every other',
    '1 to 64 characters'
  ),
  pluginOption(
    'HOLDFAST_ANONYMOUS', 'anonymous',
    '`true`: requests without a principal have sessions of their own, where the application asks for a principal'
  ),
  pluginOption('HOLDFAST_IDLE', 'ttl.idle', 'a session that is not used for so long expires'),
  pluginOption('HOLDFAST_ABSOLUTE', 'ttl.absolute', 'a session expires so long after it was opened, used or not'),
  pluginOption('HOLDFAST_MAX_SESSIONS', 'limits.maxSessions', 'sessions altogether'),
  pluginOption('HOLDFAST_MAX_PER_OWNER', 'limits.maxPerOwner', 'sessions of one principal'),
  pluginOption('HOLDFAST_MAX_STATE_BYTES', 'limits.maxStateBytes', 'bytes of one stored session'),
  pluginOption(
    'HOLDFAST_MAX_CALLS', 'limits.maxCalls',
    'requests of one session in flight in this process; one more is answered 429'
  ),
  pluginOption(
    'HOLDFAST_MAX_OPEN_STREAMS', 'limits.maxOpenStreams',
    'event streams of one session that are open in this process, without those of its running calls'
  ),
  pluginOption('HOLDFAST_MAX_SUBSCRIPTIONS', 'limits.maxSubscriptions', 'resources that one session is subscribed to'),
  pluginOption(
    'HOLDFAST_EVICT', 'limits.evict', '`idle`: at a cap, an idle session of the same owner ends for the new one'
  ),
  pluginOption(
    'HOLDFAST_MAX_LIVE', 'live.max', 'sessions with a server object in this process; the others are dormant'
  ),
  pluginOption('HOLDFAST_LIVE_IDLE', 'live.idle', 'a session that is not used for so long becomes dormant'),
  pluginOption(
    'HOLDFAST_START_TIMEOUT', 'live.startTimeout',
    'how long a session may take to become live, and its context to be renewed'
  )
]
