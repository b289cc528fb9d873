import type { Finding } from './finding.js'

/** Milliseconds by which the two clocks may differ. Beyond this, a snapshot may seem to come from the future. */
const MAX_SKEW = 5_000

/**
 * @param whose the owner of the other clock
 * @param ahead milliseconds
 * @param bad the state of clocks that differ
 */
export function examineClock (whose: string, ahead: number, bad: 'warning' | 'failed'): Finding {
  const side = ahead < 0 ? 'behind' : 'ahead of'
  const message = `the clock of ${whose} is ${Math.abs(Math.round(ahead))} ms ${side} the clock of this machine`
  return { check: 'clock', state: Math.abs(ahead) > MAX_SKEW ? bad : 'ok', message }
}
