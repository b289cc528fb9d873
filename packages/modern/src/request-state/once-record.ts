import { isObject } from '@holdfast/core'
import type { Outcome } from '../modern-call.js'

/** What is known of the first call with a state. */
export type OnceRecord =
  /** It runs, in a process. */
  { readonly state: 'running', readonly replica: string } |
  { readonly state: 'ended', readonly outcome: Outcome } |
  /** It was cancelled, or its outcome was too large to keep. */
  { readonly state: 'lost' }

export function encodeRecord (record: OnceRecord): Uint8Array {
  return Buffer.from(JSON.stringify(record))
}

/** A record of a newer version counts as lost. */
export function decodeRecord (bytes: Uint8Array): OnceRecord {
  const value: unknown = JSON.parse(Buffer.from(bytes).toString())
  if (isObject(value)) {
    if (value.state === 'running' && typeof value.replica === 'string') return value as unknown as OnceRecord
    if (value.state === 'ended' && isObject(value.outcome)) return value as unknown as OnceRecord
  }
  return { state: 'lost' }
}
