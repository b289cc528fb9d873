import Negotiator from 'negotiator'

/** A parameter that is no weight. No type of MCP has parameters, so those that a client adds must not rule it out. */
const PARAMETER = /;(?!\s*q\s*=\s*[\d.]+\s*(?:[;,]|$))[^;,]*/gi

/**
 * Checks whether an Accept header allows each of the given types, by RFC 9110 §12.5.1: the most specific range counts,
 * and a weight of 0 forbids. MCP demands that clients name the types, so a header that is missing or empty allows none.
 * What cannot be read as a range or a weight does not count.
 *
 * @returns a check that remembers its last answer, because clients send the same header again and again
 */
export function acceptCheck (types: readonly string[]): (header: string | undefined) => boolean {
  let last: string | undefined
  let accepted = types.length === 0
  return header => {
    if (header !== last) {
      last = header
      accepted = types.every(type => allows(header, type))
    }
    return accepted
  }
}

function allows (header = '', type: string): boolean {
  const accept = header.replaceAll(PARAMETER, '')
  return accept.trim() !== '' && new Negotiator({ headers: { accept } }).mediaTypes([type]).length > 0
}
