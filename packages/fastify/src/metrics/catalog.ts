import { VERSIONS } from '../eras/spoken.js'
import { OPERATIONS } from './observed-backend.js'

export interface MetricSpec {
  type: 'counter' | 'gauge' | 'histogram'
  /** Each label with its values, as far as they are known beforehand. */
  labels?: Readonly<Record<string, readonly string[]>>
  /** How values of several processes, or of several apps with one registry, are combined. Default: the sum. */
  aggregator?: 'sum' | 'max' | 'min'
  help: string
}

const OUTCOME = ['success', 'failure'] as const

/**
 * The values of the label `method`: methods of MCP that a client sends, and the other kinds of requests. Any other
 * method is `other`, because a client must not be able to create new series.
 */
const METHOD = [
  'initialize', 'ping', 'tools/list', 'tools/call', 'resources/list', 'resources/templates/list', 'resources/read',
  'resources/subscribe', 'resources/unsubscribe', 'prompts/list', 'prompts/get', 'logging/setLevel',
  'completion/complete', 'server/discover', 'subscriptions/listen', 'tasks/get', 'tasks/result', 'tasks/list',
  'tasks/update', 'tasks/cancel', 'notifications/initialized',
  'notifications/cancelled', 'notifications/progress', 'notifications/roots/list_changed',
  'notifications/tasks/status', 'response', 'batch', 'GET', 'DELETE', 'other'
] as const

/**
 * Every metric. Each also has the label `path` of its endpoint. `docs/metrics.md` has the same table. No label contains
 * a session, an owner, or any other value that a client chooses.
 */
export const METRICS = {
  holdfast_sessions_active: {
    type: 'gauge',
    aggregator: 'max',
    help: 'Sessions in the backend, of all replicas and applications that use it. ' +
      'Missing while the backend does not answer.'
  },
  holdfast_sessions_live: {
    type: 'gauge',
    help: 'Sessions with a server object in this process.'
  },
  holdfast_sessions_dormant: {
    type: 'gauge',
    aggregator: 'min',
    help: 'Sessions in the backend without a server object in this process. ' +
      'For a whole fleet, subtract the sum of holdfast_sessions_live from holdfast_sessions_active.'
  },
  holdfast_sessions_created_total: {
    type: 'counter',
    help: 'Sessions that began in this process.'
  },
  holdfast_sessions_activated_total: {
    type: 'counter',
    labels: { outcome: OUTCOME },
    help: 'Attempts to make a dormant session live in this process.'
  },
  holdfast_sessions_expired_total: {
    type: 'counter',
    labels: { reason: ['idle', 'absolute'] },
    help: 'Sessions whose expiry this process noticed. The fleet counts each session once.'
  },
  holdfast_sessions_terminated_total: {
    type: 'counter',
    labels: { reason: ['terminated', 'evicted'] },
    help: 'Sessions that this process ended, on request or to make room.'
  },
  holdfast_session_age_seconds: {
    type: 'histogram',
    help: 'Age of sessions at their end. Sessions that ended together with all others of their owner are not counted.'
  },
  holdfast_session_idle_seconds: {
    type: 'histogram',
    help: 'Time between the last use of sessions and their end. ' +
      'Sessions that ended together with all others of their owner are not counted.'
  },
  holdfast_limit_reached_total: {
    type: 'counter',
    labels: { limit: ['maxSessions', 'maxPerOwner', 'maxLive', 'maxBuffered', 'initializeRate'] },
    help: 'Times that a limit was reached: by a new session, by a session that was to become live, ' +
      'or by a slow reader, which was cut.'
  },
  holdfast_owner_mismatches_total: {
    type: 'counter',
    help: 'Requests for a session that is live in this process and belongs to another owner.'
  },
  holdfast_unreadable_total: {
    type: 'counter',
    labels: { kind: ['session', 'event'] },
    help: 'Stored sessions and events that could not be opened.'
  },
  holdfast_snapshots_exported_total: {
    type: 'counter',
    labels: { outcome: OUTCOME },
    help: 'Attempts to write a snapshot.'
  },
  holdfast_sessions_exported_total: {
    type: 'counter',
    help: 'Sessions in the snapshots that were written.'
  },
  holdfast_snapshot_bytes: {
    type: 'gauge',
    help: 'Size of the last snapshot that was written.'
  },
  holdfast_snapshot_timestamp_seconds: {
    type: 'gauge',
    aggregator: 'min',
    help: 'Time of the last snapshot that was written, in seconds since the epoch.'
  },
  holdfast_snapshots_restored_total: {
    type: 'counter',
    labels: { outcome: OUTCOME },
    help: 'Attempts to restore or merge a snapshot. One that was restored only in part counts as a failure.'
  },
  holdfast_sessions_restored_total: {
    type: 'counter',
    labels: { result: ['restored', 'expired', 'duplicate', 'over_limit', 'invalid'] },
    help: 'Sessions in snapshots, by the result of the restore.'
  },
  holdfast_snapshot_incomplete: {
    type: 'gauge',
    aggregator: 'max',
    help: '1 while the snapshot is not restored, for example because its key is missing. ' +
      'Meanwhile unknown session ids get 503.'
  },
  holdfast_request_duration_seconds: {
    type: 'histogram',
    labels: {
      method: METHOD,
      outcome: ['ok', 'invalid', 'denied', 'unknown', 'unavailable', 'error', 'aborted']
    },
    help: 'Time from a request to the last byte of its answer, by JSON-RPC method, without the event streams that a ' +
      'GET opens. Outcomes: ok, also with a JSON-RPC error in the answer; denied for 401, 403 and 429; unknown for ' +
      '404; unavailable for 503; invalid for any other 4xx; error for any other 5xx; aborted when the client went away.'
  },
  holdfast_requests_total: {
    type: 'counter',
    labels: { era: ['sessions', 'modern', 'none'], version: [...VERSIONS, 'other', 'none'], method: METHOD },
    help: 'Requests by era, revision of MCP and method: sessions until 2025-11-25, modern from 2026-07-28 on, also ' +
      'where the request is refused for its revision; none for requests that were refused before anybody knew.'
  },
  holdfast_modern_calls: {
    type: 'gauge',
    help: 'Requests of revision 2026-07-28 that run in this process.'
  },
  holdfast_parked_calls: {
    type: 'gauge',
    help: 'Calls of revision 2026-07-28 whose handlers wait in this process for answers of their clients.'
  },
  holdfast_parked_total: {
    type: 'counter',
    labels: { outcome: ['parked', 'resumed', 'abandoned'] },
    help: 'Times that a call began to wait for answers of its client, went on with them, or was stopped while it had ' +
      'to wait or later.'
  },
  holdfast_request_states_total: {
    type: 'counter',
    labels: { outcome: ['issued', 'accepted', 'invalid', 'used'] },
    help: 'States that clients hold between two calls: given to a client, accepted, refused for any reason, ' +
      'or refused because they were used before.'
  },
  holdfast_unrelated_messages_total: {
    type: 'counter',
    labels: { kind: ['notification', 'answer', 'question'] },
    help: 'Messages of a shared server that belong to no running call, so that nobody gets them.'
  },
  holdfast_streams_open: {
    type: 'gauge',
    help: 'Event streams that are open in this process.'
  },
  holdfast_events_replayed_total: {
    type: 'counter',
    help: 'Events that streams read from the event log: after a reconnect, or because another replica wrote them.'
  },
  holdfast_backend_operation_duration_seconds: {
    type: 'histogram',
    labels: { operation: OPERATIONS },
    help: 'Duration of backend calls, including failed calls.'
  },
  holdfast_backend_errors_total: {
    type: 'counter',
    labels: { operation: OPERATIONS },
    help: 'Backend calls that failed.'
  },
  holdfast_backend_up: {
    type: 'gauge',
    aggregator: 'min',
    help: '0 while the backend does not answer.'
  },
  holdfast_backend_health: {
    type: 'gauge',
    aggregator: 'max',
    labels: { state: ['healthy', 'degraded', 'unhealthy'] },
    help: '1 for the state of the backend at the last check. The plugin checks it every thresholds.interval.'
  },
  holdfast_backend_breaker_open: {
    type: 'gauge',
    aggregator: 'max',
    help: '1 while backend calls fail at once, because the backend is down. ' +
      'Only for a backend with a circuit breaker: Redis.'
  },
  holdfast_fallback_active: {
    type: 'gauge',
    aggregator: 'max',
    help: '1 while the fallback is in use. Only with withFallback().'
  },
  holdfast_fallback_activations_total: {
    type: 'counter',
    help: 'Times that the fallback came into use. Only with withFallback().'
  },
  holdfast_copy_pending_sessions: {
    type: 'gauge',
    aggregator: 'max',
    help: 'Sessions with changes that the slowest copy has not got yet. Only with mirrored(), and during switchTo().'
  },
  holdfast_copy_lag_seconds: {
    type: 'gauge',
    aggregator: 'max',
    help: 'Age of the oldest change that the slowest copy has not got yet. Only with mirrored(), and during switchTo().'
  },
  holdfast_seals_total: {
    type: 'counter',
    labels: { key: [] },
    help: 'Values that were sealed, by the id of the key.'
  },
  holdfast_opens_total: {
    type: 'counter',
    labels: { key: [] },
    help: 'Values that were opened, by the id of the key. Only for keys of this process.'
  },
  holdfast_open_failures_total: {
    type: 'counter',
    labels: { reason: ['key_unavailable', 'broken'] },
    help: 'Attempts to open a value that failed.'
  }
} as const satisfies Record<string, MetricSpec>

/** A key of {@link METRICS}. */
export type MetricName = keyof typeof METRICS
