import { HoldfastError } from './errors.js'

/** What JSON can say. */
export type Json = null | boolean | number | string | Json[] | JsonObject
export interface JsonObject { [key: string]: Json }

/** Whether a value is an object as JSON has them: neither null nor an array. */
export function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Reads JSON that somebody else may have written.
 *
 * @returns the value, frozen
 * @throws HoldfastError HOLDFAST_INVALID_STATE
 */
export function parseJson (bytes: Uint8Array): unknown {
  try {
    return freeze(JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()))
  } catch {
    // The parser's own message quotes what it read, which may be a credential.
    throw new HoldfastError('HOLDFAST_INVALID_STATE')
  }
}

/** Freezes a value parsed from JSON through and through, so that a reader cannot change what a session holds. */
export function freeze<T> (value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const name in value) freeze(value[name])
  }
  return value
}
