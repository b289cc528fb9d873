import { OPERATIONS } from './observed-backend.js'

export interface MetricSpec {
  type: 'counter' | 'gauge' | 'histogram'
  /** Each with its values, as far as they are known beforehand. */
  labels?: Readonly<Record<string, readonly string[]>>
  /** How values of several processes, or of several apps with one registry, are put together. Default: the sum. */
  aggregator?: 'sum' | 'max' | 'min'
  help: string
}

const OUTCOME = ['success', 'failure'] as const

/** What clients may ask and say, and what else comes in. Any other method is `other`: a client must not be able to make new series. */
const METHOD = [
  'initialize', 'ping', 'tools/list', 'tools/call', 'resources/list', 'resources/templates/list', 'resources/read', 'resources/subscribe',
  'resources/unsubscribe', 'prompts/list', 'prompts/get', 'logging/setLevel', 'completion/complete', 'tasks/get', 'tasks/result', 'tasks/list',
  'tasks/cancel', 'notifications/initialized', 'notifications/cancelled', 'notifications/progress', 'notifications/roots/list_changed',
  'notifications/tasks/status', 'response', 'batch', 'GET', 'DELETE', 'other'
] as const

/**
 * Every metric; each has the label `path` of its endpoint, too. `docs/metrics.md` has the same table. No label holds a session, an owner, or
 * anything else that a client chooses.
 */
export const METRICS = {
  holdfast_sessions_active: { type: 'gauge', aggregator: 'max', help: 'Sessions in the backend: of all replicas, and of all who use it. Missing while the backend does not answer.' },
  holdfast_sessions_live: { type: 'gauge', help: 'Sessions with a server object in this process.' },
  holdfast_sessions_dormant: { type: 'gauge', aggregator: 'min', help: 'Sessions in the backend without a server object in this process. Of a fleet: active less the sum of live.' },
  holdfast_sessions_created_total: { type: 'counter', help: 'Sessions that began here.' },
  holdfast_sessions_activated_total: { type: 'counter', labels: { outcome: OUTCOME }, help: 'Dormant sessions that were to become live here.' },
  holdfast_sessions_expired_total: { type: 'counter', labels: { reason: ['idle', 'absolute'] }, help: 'Sessions whose expiry this replica noticed; each is counted once in the fleet.' },
  holdfast_sessions_terminated_total: { type: 'counter', labels: { reason: ['terminated', 'evicted'] }, help: 'Sessions that were ended here, on request or to make room.' },
  holdfast_session_age_seconds: { type: 'histogram', help: 'How old sessions were when they ended. Without those that ended with all of their owner.' },
  holdfast_session_idle_seconds: { type: 'histogram', help: 'How long sessions had not been used when they ended. Without those that ended with all of their owner.' },
  holdfast_limit_reached_total: { type: 'counter', labels: { limit: ['maxSessions', 'maxPerOwner', 'maxLive', 'maxBuffered', 'initializeRate'] }, help: 'How often a limit was met: by a session that was to begin or to become live, or by a slow reader, who was cut.' },
  holdfast_owner_mismatches_total: { type: 'counter', help: 'Requests for a session that is live here and belongs to somebody else.' },
  holdfast_unreadable_total: { type: 'counter', labels: { kind: ['session', 'event'] }, help: 'Stored sessions and events that could not be opened.' },
  holdfast_snapshots_exported_total: { type: 'counter', labels: { outcome: OUTCOME }, help: 'Snapshots that were to be written.' },
  holdfast_sessions_exported_total: { type: 'counter', help: 'Sessions in the snapshots that were written.' },
  holdfast_snapshot_bytes: { type: 'gauge', help: 'Size of the last snapshot that was written.' },
  holdfast_snapshot_timestamp_seconds: { type: 'gauge', aggregator: 'min', help: 'When the last snapshot was written, in seconds since the epoch.' },
  holdfast_snapshots_restored_total: { type: 'counter', labels: { outcome: OUTCOME }, help: 'Snapshots that were to be restored. One that was restored in part has failed.' },
  holdfast_sessions_restored_total: { type: 'counter', labels: { result: ['restored', 'expired', 'duplicate', 'over_limit', 'invalid'] }, help: 'What came of the sessions in snapshots.' },
  holdfast_snapshot_incomplete: { type: 'gauge', aggregator: 'max', help: '1 while a snapshot waits for its key: unknown ids get 503.' },
  holdfast_request_duration_seconds: { type: 'histogram', labels: { method: METHOD, outcome: ['ok', 'invalid', 'denied', 'unknown', 'unavailable', 'error', 'aborted'] }, help: 'Requests until the last byte of the answer, by JSON-RPC method, without the event streams that a GET opens. An answer is ok also when it holds a JSON-RPC error; denied is 401, 403 and 429, unknown 404, unavailable 503, invalid any other 4xx, error any other 5xx, aborted one whose client went away.' },
  holdfast_streams_open: { type: 'gauge', help: 'Event streams that are open in this process.' },
  holdfast_events_replayed_total: { type: 'counter', help: 'Events that streams took from the log: after a reconnect, or because another replica wrote them.' },
  holdfast_backend_operation_duration_seconds: { type: 'histogram', labels: { operation: OPERATIONS }, help: 'Calls of the backend, failed ones included.' },
  holdfast_backend_errors_total: { type: 'counter', labels: { operation: OPERATIONS }, help: 'Calls of the backend that failed.' },
  holdfast_backend_up: { type: 'gauge', aggregator: 'min', help: '0 while the backend does not answer.' },
  holdfast_backend_health: { type: 'gauge', aggregator: 'max', labels: { state: ['healthy', 'degraded', 'unhealthy'] }, help: '1 for what the backend was when somebody looked last, which the plugin does every thresholds.interval.' },
  holdfast_backend_breaker_open: { type: 'gauge', aggregator: 'max', help: '1 while calls of the backend fail at once, because it is down. Only where it has a breaker: Redis.' },
  holdfast_fallback_active: { type: 'gauge', aggregator: 'max', help: '1 while the fallback serves. Only with withFallback().' },
  holdfast_fallback_activations_total: { type: 'counter', help: 'How often the fallback has begun to serve. Only with withFallback().' },
  holdfast_copy_pending_sessions: { type: 'gauge', aggregator: 'max', help: 'Sessions of which the mirror that is furthest behind lacks something. Only with mirrored(), and during switchTo().' },
  holdfast_copy_lag_seconds: { type: 'gauge', aggregator: 'max', help: 'How long ago the oldest change happened that a mirror lacks. Only with mirrored(), and during switchTo().' },
  holdfast_seals_total: { type: 'counter', labels: { key: [] }, help: 'What was sealed, by the id of the key.' },
  holdfast_opens_total: { type: 'counter', labels: { key: [] }, help: 'What was opened, by the id of the key: of those that are here.' },
  holdfast_open_failures_total: { type: 'counter', labels: { reason: ['key_unavailable', 'broken'] }, help: 'What could not be opened.' }
} as const satisfies Record<string, MetricSpec>

export type MetricName = keyof typeof METRICS
