import { LONGEST_TIMER, milliseconds } from '@holdfast/core'
import { isFilePath } from '@holdfast/sqlite'

// How values of variables are read. Each throws an Error that says what was expected, without the value.

/** One URL, or several in an array. */
export function redisUrls (text: string): string | string[] {
  const urls = text.split(',')
  if (urls.every(url => /^rediss?:\/\//.test(url) && URL.canParse(url))) return urls.length === 1 ? text : urls
  throw new Error('expected redis://host:port, or rediss:// for TLS; ' +
    'several with commas between them for a Cluster or Sentinels')
}

/** The path of a file. */
export function filePath (text: string): string {
  if (!isFilePath(text)) throw new Error('expected the path of a file, not a URL')
  return text
}

/** A whole number from `min` to `max`. */
export function wholeNumber (min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return text => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN
    if (value >= min && value <= max) return value
    throw new Error(`expected a whole number from ${min} to ${max}`)
  }
}

/** One of these words. */
export function oneOf<const T extends string> (values: readonly T[]): (text: string) => T {
  return text => {
    const value = values.find(value => value === text)
    if (value !== undefined) return value
    throw new Error(`expected one of ${values.join(', ')}`)
  }
}

export function share (text: string): number {
  const value = /^(?:\d+|\d*\.\d+)$/.test(text) ? Number(text) : NaN
  if (value > 0 && value <= 1) return value
  throw new Error('expected a number above 0 and at most 1, such as 0.05')
}

export function yesOrNo (text: string): boolean {
  return oneOf(['true', 'false'])(text) === 'true'
}

/** @param expected what it is, for the error */
export function matching (pattern: RegExp, expected: string): (text: string) => string {
  return text => {
    if (pattern.test(text)) return text
    throw new Error(`expected ${expected}`)
  }
}

/** Milliseconds, from a number or from a text such as `30s`. */
export function duration (text: string): number {
  try {
    return milliseconds(/^\d+$/.test(text) ? Number(text) : text, '')
  } catch {
    throw new Error('expected a positive number of milliseconds, or one with a unit such as 500ms, 30s, 15m, 24h')
  }
}

/** A duration that a timer can wait for. */
export function timer (text: string): number {
  const value = duration(text)
  if (value <= LONGEST_TIMER) return value
  throw new Error('expected at most 24 days')
}

/** Names or addresses, as a `Host` header has them but for the port. */
export function hostNames (text: string): string[] {
  const names = text.split(',').map(name => name.trim().toLowerCase())
  if (names.every(name => HOST_NAME.test(name) && URL.canParse(`http://${name}`))) return names
  throw new Error('expected host names without scheme and port, such as mcp.example.com,localhost')
}

const HOST_NAME = /^(?:[\w.-]+|\[[\da-f:.]+\])$/

/**
 * Origins as browsers write them: in lower case, without the port that the scheme has anyway, and without a slash at
 * the end.
 */
export function origins (text: string): string[] {
  const values = text.split(',').map(value => value.trim())
  if (values.every(value => value === '*' || isOrigin(value))) return values
  throw new Error('expected origins such as https://app.example.com,http://localhost:5173, or *')
}

function isOrigin (value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, host } = new URL(value)
  return host !== '' && `${protocol}//${host}` === value
}
