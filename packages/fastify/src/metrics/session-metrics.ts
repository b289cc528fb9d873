import type { Sessions } from '@holdfast/core'
import { Counter } from './counter.js'

/** Counts the events of sessions. */
export function sessionMetrics (sessions: Sessions) {
  const created = new Counter('holdfast_sessions_created_total')
  const activated = new Counter('holdfast_sessions_activated_total')
  const expired = new Counter('holdfast_sessions_expired_total')
  const terminated = new Counter('holdfast_sessions_terminated_total')
  const limits = new Counter('holdfast_limit_reached_total')
  const mismatches = new Counter('holdfast_owner_mismatches_total')
  const unreadable = new Counter('holdfast_unreadable_total')
  sessions.on('created', () => { created.add() })
  sessions.on('activated', () => { activated.add('success') })
  sessions.on('activationFailed', () => { activated.add('failure') })
  sessions.on('expired', ({ reason }) => { expired.add(reason) })
  sessions.on('terminated', ({ reason }) => { terminated.add(reason) })
  sessions.on('limitReached', ({ limit }) => { limits.add(limit) })
  sessions.on('ownerMismatch', () => { mismatches.add() })
  sessions.on('unreadable', ({ kind }) => { unreadable.add(kind) })
  return {
    holdfast_sessions_created_total: created,
    holdfast_sessions_activated_total: activated,
    holdfast_sessions_expired_total: expired,
    holdfast_sessions_terminated_total: terminated,
    holdfast_limit_reached_total: limits,
    holdfast_owner_mismatches_total: mismatches,
    holdfast_unreadable_total: unreadable
  }
}
