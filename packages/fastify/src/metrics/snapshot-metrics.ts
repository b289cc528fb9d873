import type { RestoreReport, Sessions } from '@holdfast/core'
import { Counter } from './counter.js'
import { gauge } from './gauge.js'

/** Counts snapshots and the sessions in them. */
export function snapshotMetrics (sessions: Sessions) {
  const exports = new Counter('holdfast_snapshots_exported_total')
  const sessionsExported = new Counter('holdfast_sessions_exported_total')
  const restores = new Counter('holdfast_snapshots_restored_total')
  const sessionsRestored = new Counter('holdfast_sessions_restored_total')
  let last: { bytes: number, at: number } | undefined
  sessions.on('snapshotExported', report => {
    exports.add('success')
    sessionsExported.add('', report.exported)
    last = { bytes: report.bytes, at: Date.now() / 1000 }
  })
  sessions.on('snapshotExportFailed', () => { exports.add('failure') })
  const restored = ({ restored, expired, duplicate, overLimit, invalid }: RestoreReport): void => {
    restores.add(invalid.length + overLimit === 0 ? 'success' : 'failure')
    const results = { restored, expired, duplicate, over_limit: overLimit, invalid: invalid.length }
    for (const [result, count] of Object.entries(results)) sessionsRestored.add(result, count)
  }
  sessions.on('snapshotRestored', restored)
  sessions.on('snapshotMerged', restored)
  sessions.on('snapshotRestoreFailed', () => { restores.add('failure') })
  return {
    holdfast_snapshots_exported_total: exports,
    holdfast_sessions_exported_total: sessionsExported,
    holdfast_snapshots_restored_total: restores,
    holdfast_sessions_restored_total: sessionsRestored,
    holdfast_snapshot_bytes: gauge(() => last?.bytes),
    holdfast_snapshot_timestamp_seconds: gauge(() => last?.at),
    holdfast_snapshot_incomplete: gauge(() => Number(sessions.incomplete))
  }
}
