/** What `doctor` says of one thing. */
export interface Finding {
  check: string
  state: 'ok' | 'warning' | 'failed'
  says: string
}

export function ok (check: string, says: string): Finding {
  return { check, state: 'ok', says }
}

export function warning (check: string, says: string): Finding {
  return { check, state: 'warning', says }
}

export function failed (check: string, says: string): Finding {
  return { check, state: 'failed', says }
}
