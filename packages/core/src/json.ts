import { HoldfastError } from './errors.js'

/** A value that JSON can represent. */
export type Json = null | boolean | number | string | Json[] | JsonObject
/** An object in the sense of JSON. */
export interface JsonObject { [key: string]: Json }

/** Whether a value is an object in the sense of JSON: neither null nor an array. */
export function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Reads JSON from an untrusted source.
 *
 * @returns the value, frozen
 * @throws HoldfastError HOLDFAST_INVALID_STATE
 */
export function parseJson (bytes: Uint8Array): unknown {
  try {
    return freeze(JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()))
  } catch {
    // The parser's own message quotes the text, which may be a credential.
    throw new HoldfastError('HOLDFAST_INVALID_STATE')
  }
}

/** Freezes a value parsed from JSON, with all of its parts, so that a reader cannot change the data of a session. */
export function freeze<T> (value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const name in value) freeze(value[name])
  }
  return value
}
