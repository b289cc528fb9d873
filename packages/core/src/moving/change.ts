/** What a write did to a record, as far as a copy needs it. */
export type Change =
  | { kind: 'used', version: number }
  | { kind: 'stream', name: string }
  /** The body changed. */
  | { kind: 'changed' }
  /** Only copying the whole record brings a copy up to date. */
  | { kind: 'whole' }
  | { kind: 'released' }
  | { kind: 'removed' }

export const CHANGED: Change = { kind: 'changed' }
export const WHOLE: Change = { kind: 'whole' }
export const RELEASED: Change = { kind: 'released' }
export const REMOVED: Change = { kind: 'removed' }
