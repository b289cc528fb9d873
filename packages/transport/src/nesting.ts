/** No client has reason to nest deeper, and what is recursive breaks on what nests without end: `JSON.stringify` for one. */
const MAX_DEPTH = 200

/** Whether a value parsed from JSON nests too deeply to be worked with. */
export function isTooDeep (value: unknown, left = MAX_DEPTH): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (left === 0) return true
  // By index: the names of a million elements would be a million strings.
  const members: readonly unknown[] = Array.isArray(value) ? value : Object.values(value)
  for (let index = 0; index < members.length; index++) {
    const member = members[index]
    if (typeof member === 'object' && isTooDeep(member, left - 1)) return true
  }
  return false
}
