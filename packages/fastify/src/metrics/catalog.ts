export interface MetricSpec {
  type: 'counter' | 'gauge' | 'histogram'
  labels?: readonly string[]
  /** How the processes of a Node cluster put their values together. Default: the sum. */
  aggregator?: 'sum' | 'max' | 'min'
  help: string
}

/** Every metric: `docs/metrics.md` has the same table. No label holds an id, a name or anything else that grows with use. */
export const METRICS = {
  holdfast_sessions_active: { type: 'gauge', aggregator: 'max', help: 'Sessions in the backend, the same on every replica. Missing while the backend does not answer.' },
  holdfast_sessions_live: { type: 'gauge', help: 'Sessions with a server object in this process.' },
  holdfast_sessions_dormant: { type: 'gauge', help: 'Sessions in the backend without a server object in this process; on one replica, the dormant ones.' },
  holdfast_sessions_created_total: { type: 'counter', help: 'Sessions that began here.' },
  holdfast_sessions_restored_total: { type: 'counter', labels: ['outcome'], help: 'Dormant sessions that were to become live here: success, failure.' },
  holdfast_sessions_expired_total: { type: 'counter', labels: ['reason'], help: 'Sessions whose expiry this replica noticed, each once in the fleet: idle, absolute.' },
  holdfast_sessions_terminated_total: { type: 'counter', labels: ['reason'], help: 'Sessions that were ended here: terminated, evicted.' },
  holdfast_session_age_seconds: { type: 'histogram', help: 'How old sessions were when they ended. Without those that ended with all of an owner.' },
  holdfast_session_idle_seconds: { type: 'histogram', help: 'How long sessions had not been used when they ended. Without those that ended with all of an owner.' },
  holdfast_limit_reached_total: { type: 'counter', labels: ['limit'], help: 'How often maxSessions, maxPerOwner or maxLive was met.' },
  holdfast_owner_mismatches_total: { type: 'counter', help: 'Requests for a session that is live here and belongs to somebody else.' },
  holdfast_unreadable_total: { type: 'counter', labels: ['kind'], help: 'Stored sessions and events that could not be opened: session, event.' },
  holdfast_snapshots_exported_total: { type: 'counter', labels: ['outcome'], help: 'Snapshots that were to be written: success, failure.' },
  holdfast_sessions_exported_total: { type: 'counter', help: 'Sessions in snapshots that were written.' },
  holdfast_snapshot_bytes: { type: 'gauge', help: 'Size of the last snapshot that was written.' },
  holdfast_snapshots_imported_total: { type: 'counter', labels: ['outcome'], help: 'Snapshots that were to be restored: success, failure (not completely, or not at all).' },
  holdfast_sessions_imported_total: { type: 'counter', labels: ['result'], help: 'What came of the sessions in snapshots: restored, expired, duplicate, over_limit, invalid.' },
  holdfast_snapshot_incomplete: { type: 'gauge', help: '1 while a snapshot waits for its key: unknown ids get 503.' },
  holdfast_request_duration_seconds: { type: 'histogram', labels: ['method', 'outcome'], help: 'MCP requests until the last byte of the answer, by JSON-RPC method, or GET and DELETE; outcomes are ok, invalid, denied, unknown, unavailable, error, aborted. Without the event streams that a GET opens.' },
  holdfast_streams_open: { type: 'gauge', help: 'Event streams that are open in this process.' },
  holdfast_events_replayed_total: { type: 'counter', help: 'Events that streams took from the log: after a reconnect, or because another replica wrote them.' },
  holdfast_backend_operation_duration_seconds: { type: 'histogram', labels: ['operation'], help: 'Calls of the backend, by method, failed ones included.' },
  holdfast_backend_errors_total: { type: 'counter', labels: ['operation'], help: 'Calls of the backend that failed, by method.' },
  holdfast_backend_up: { type: 'gauge', aggregator: 'min', help: '0 while the backend does not answer.' },
  holdfast_backend_breaker_open: { type: 'gauge', aggregator: 'max', help: '1 while calls of the backend fail at once, because it is down. Missing where the backend has no breaker.' },
  holdfast_health: { type: 'gauge', labels: ['state'], help: '1 for what the backend was when somebody looked last: healthy, degraded, unhealthy.' },
  holdfast_seals_total: { type: 'counter', labels: ['key'], help: 'What was sealed, by the id of the key.' },
  holdfast_opens_total: { type: 'counter', labels: ['key'], help: 'What was opened, by the id of the key.' },
  holdfast_open_failures_total: { type: 'counter', labels: ['reason'], help: 'What could not be opened: key_unavailable, broken.' }
} as const satisfies Record<string, MetricSpec>

export type MetricName = keyof typeof METRICS
