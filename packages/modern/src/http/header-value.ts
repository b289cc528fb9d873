import { isUtf8 } from 'node:buffer'

/** What is wrong with a header that repeats a value of the body. */
export type HeaderFault = 'missing' | 'invalid' | 'different'

/** Anything but visible ASCII, space and tab (RFC 9110 §5.5, as basic/transports/streamable-http quotes it). */
const UNSAFE = /[^\t\x20-\x7e]/

const PREFIX = '=?base64?'
const SUFFIX = '?='

/** Copies of a header that are looked for in one. */
const MAX_COPIES = 8

/**
 * Compares a header with the body.
 *
 * @param raw the header as Node gives it
 * @param isMeant whether a decoded value stands for what the body says
 * @returns undefined when they agree
 */
export function headerFault (
  raw: string | string[] | undefined, isMeant: (value: string) => boolean
): HeaderFault | undefined {
  if (raw === undefined) return 'missing'
  const joined = String(raw)
  if (UNSAFE.test(joined)) return 'invalid'
  const text = joined.trim()
  if (saysSo(text, isMeant)) return undefined
  if (text.includes(',') && copies(text).some(copy => saysSo(copy, isMeant))) return undefined
  return decoded(text) === undefined ? 'invalid' : 'different'
}

function saysSo (text: string, isMeant: (value: string) => boolean): boolean {
  const value = decoded(text)
  return value !== undefined && isMeant(value)
}

/** The value of a header; undefined when it is marked as base64, and is not canonical base64 of UTF-8. */
function decoded (text: string): string | undefined {
  if (!text.startsWith(PREFIX) || !text.endsWith(SUFFIX) || text.length < PREFIX.length + SUFFIX.length) return text
  const base64 = text.slice(PREFIX.length, -SUFFIX.length)
  const bytes = Buffer.from(base64, 'base64')
  return bytes.toString('base64') === base64 && isUtf8(bytes) ? bytes.toString() : undefined
}

/**
 * What a header says that was sent more than once, with equal copies. Node and proxies join them with commas, and a
 * value may contain commas itself.
 */
function copies (text: string): string[] {
  const found: string[] = []
  for (const separator of [', ', ',']) {
    for (let count = 2; count <= MAX_COPIES; count++) {
      const copy = text.slice(0, (text.length - separator.length * (count - 1)) / count)
      if (text === Array(count).fill(copy).join(separator)) found.push(copy)
    }
  }
  return found
}
