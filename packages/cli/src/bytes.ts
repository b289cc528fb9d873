const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** A number of bytes for an operator, such as `1.5 GiB`. */
export function bytes (amount: number): string {
  const exponent = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(amount) / 10)))
  const rounded = Math.round(amount / 1024 ** exponent * 10) / 10
  return `${rounded} ${UNITS[exponent] as string}`
}
