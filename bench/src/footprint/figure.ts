/** One line of the footprint table. */
export interface Figure {
  what: string
  value: number
  unit: 'bytes' | 'KiB' | 'MiB' | 'ms' | 'µs' | '×' | ''
  /** The most it may be, in the same unit. */
  target?: number
  /** The least it may be. */
  least?: number
}
