import { assertBytes } from './bytes.js'

/**
 * Additional authenticated data: sealed bytes open only with the same parts in the same order. Text counts as its UTF-8
 * bytes. A single part equals a list of one part; `['a', 'bc']` and `['ab', 'c']` differ.
 */
export type Aad = string | Uint8Array | readonly (string | Uint8Array)[]

const LONE_SURROGATE = /\p{Surrogate}/u

/** Encodes every part as its length, in 4 bytes, big endian, followed by its bytes. */
export function encodeAad (aad: Aad): Uint8Array {
  const parts: readonly unknown[] = Array.isArray(aad) ? aad : [aad]
  let size = 0
  for (const part of parts) size += 4 + sizeOf(part)
  const encoded = Buffer.allocUnsafe(size)
  let at = 0
  for (const part of parts as readonly (string | Uint8Array)[]) {
    const start = at + 4
    if (typeof part === 'string') {
      at = start + encoded.write(part, start)
    } else {
      encoded.set(part, start)
      at = start + part.length
    }
    encoded.writeUInt32BE(at - start, start - 4)
  }
  return encoded
}

function sizeOf (part: unknown): number {
  if (typeof part !== 'string') {
    assertBytes('aad', part)
    return part.length
  }
  // UTF-8 replaces every lone surrogate by the same bytes, so different texts would give the same AAD.
  if (LONE_SURROGATE.test(part)) throw new TypeError('aad: expected well-formed text')
  return Buffer.byteLength(part)
}
