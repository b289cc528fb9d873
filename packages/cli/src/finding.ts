/** The result of one check of `doctor`. */
export interface Finding {
  check: string
  state: 'ok' | 'warning' | 'failed'
  message: string
}

export function ok (check: string, message: string): Finding {
  return { check, state: 'ok', message }
}

export function warning (check: string, message: string): Finding {
  return { check, state: 'warning', message }
}

export function failed (check: string, message: string): Finding {
  return { check, state: 'failed', message }
}

/** Whether one of them has failed. */
export function isFailed (findings: readonly Finding[]): boolean {
  return findings.some(({ state }) => state === 'failed')
}
