import type { RecordKey } from '../record.js'

/** What a write did to a session, as far as others who hold a copy must know. */
export type Change =
  | { kind: 'used', version: number }
  | { kind: 'stream', name: string }
  /** Its body. */
  | { kind: 'changed' }
  /** Something that takes a copy of the whole. */
  | { kind: 'whole' }
  | { kind: 'released' }
  | { kind: 'removed' }

export type OnChange = (key: RecordKey, change: Change) => void

export const CHANGED: Change = { kind: 'changed' }
export const WHOLE: Change = { kind: 'whole' }
export const RELEASED: Change = { kind: 'released' }
export const REMOVED: Change = { kind: 'removed' }
