/** Deeper values are refused before they come here. */
const MAX_DEPTH = 256

/**
 * One text for all spellings of a value that JSON was parsed to: members sorted, no space. Two values have the same
 * text only if a handler cannot tell them apart.
 *
 * @throws RangeError for deep nesting
 */
export function canonical (value: unknown, left = MAX_DEPTH): string {
  // JSON has no infinity, but `1e999` is parsed to one.
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (left === 0) throw new RangeError('The value nests too deeply')
  if (Array.isArray(value)) return `[${value.map(item => canonical(item, left - 1)).join(',')}]`
  const members = value as Record<string, unknown>
  const texts = Object.keys(members).sort().map(name => `${JSON.stringify(name)}:${canonical(members[name], left - 1)}`)
  return `{${texts.join(',')}}`
}
