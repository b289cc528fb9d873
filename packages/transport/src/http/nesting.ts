/** No client needs deeper nesting, and recursive functions such as `JSON.stringify` fail on endless nesting. */
const MAX_DEPTH = 200

/** Whether a value parsed from JSON nests too deeply to be handled. */
export function isTooDeep (value: unknown, left = MAX_DEPTH): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (left === 0) return true
  if (Array.isArray(value)) {
    // By index, because `for … in` would make a string for each of a million elements.
    for (let index = 0; index < value.length; index++) if (isTooDeep(value[index], left - 1)) return true
    return false
  }
  for (const name in value) if (isTooDeep((value as Record<string, unknown>)[name], left - 1)) return true
  return false
}
