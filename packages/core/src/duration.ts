import { InvalidOptionError } from './errors.js'

/** Milliseconds, or a whole number with a unit: `'250ms'`, `'30s'`, `'15m'`, `'24h'`, `'7d'`. */
export type Duration = number | string

/** Milliseconds of the longest timer. Node turns a longer one into a timer of 1 ms. */
export const LONGEST_TIMER = 2 ** 31 - 1

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * Reads a duration.
 *
 * @param path the path of the option, for the error
 * @returns milliseconds, a positive whole number
 * @throws InvalidOptionError
 */
export function milliseconds (value: Duration, path: string): number {
  const result = typeof value === 'string' ? read(value) : value
  if (Number.isSafeInteger(result) && result > 0) return result
  throw new InvalidOptionError(
    path, 'expected a positive whole number of milliseconds, or a string such as "30s", "15m", "24h"'
  )
}

function read (text: string): number {
  const [, count, unit = ''] = /^(\d{1,12})(ms|s|m|h|d)$/.exec(text) ?? []
  return Number(count) * (UNITS[unit] ?? NaN)
}
