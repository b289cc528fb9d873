/**
 * Checks whether an Accept header allows each of the given types: RFC 9110 §12.5.1, without quality values. MCP demands
 * that clients name the types, so a missing header allows none.
 *
 * @returns a check that remembers its last answer, because clients send the same header again and again
 */
export function acceptCheck (types: readonly string[]): (header: string | undefined) => boolean {
  let last: string | undefined
  let accepted = types.length === 0
  return header => {
    if (header !== last) {
      last = header
      accepted = types.every(type => names(header ?? '', type))
    }
    return accepted
  }
}

function names (header: string, type: string): boolean {
  const ranges = [type, '*/*', type.replace(/\/.*/, '/*')]
  return header.split(',').some(range => ranges.includes(range.replace(/;.*/, '').trim().toLowerCase()))
}
