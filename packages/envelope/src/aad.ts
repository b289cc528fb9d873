import { assertBytes } from './bytes.js'

/**
 * What sealed bytes are bound to: they open only with the same parts in the same order. Text counts as its UTF-8 bytes. A single
 * part is a list of one; `['a', 'bc']` and `['ab', 'c']` differ.
 */
export type Aad = string | Uint8Array | readonly (string | Uint8Array)[]

const LONE_SURROGATE = /\p{Surrogate}/u

/** Every part after its length, as 4 bytes, big endian. */
export function encodeAad (aad: Aad): Uint8Array {
  const parts = (Array.isArray(aad) ? aad : [aad]).map(encodePart)
  const encoded = Buffer.allocUnsafe(parts.reduce((size, part) => size + 4 + part.length, 0))
  let at = 0
  for (const part of parts) {
    encoded.set(part, at = encoded.writeUInt32BE(part.length, at))
    at += part.length
  }
  return encoded
}

function encodePart (part: unknown): Uint8Array {
  if (typeof part !== 'string') {
    assertBytes('aad', part)
    return part
  }
  // UTF-8 has one replacement for all of them, so different texts would be the same bytes.
  if (LONE_SURROGATE.test(part)) throw new TypeError('aad: expected well-formed text')
  return Buffer.from(part)
}
