/**
 * No client has reason to nest deeper, and what is recursive breaks on what nests without end: `JSON.stringify` for
 * one.
 */
const MAX_DEPTH = 200

/** Whether a value parsed from JSON nests too deeply to be worked with. */
export function isTooDeep (value: unknown, left = MAX_DEPTH): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (left === 0) return true
  if (Array.isArray(value)) {
    // By index: the names of a million elements would be a million strings.
    for (let index = 0; index < value.length; index++) if (isTooDeep(value[index], left - 1)) return true
    return false
  }
  for (const name in value) if (isTooDeep((value as Record<string, unknown>)[name], left - 1)) return true
  return false
}
