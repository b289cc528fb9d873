/**
 * Memory holds bodies and keys as flat one-byte strings. They are immutable, so no caller can change a stored value.
 * They have a quarter of the overhead of a small `Uint8Array`, and they are counted once, on the heap.
 */
export function pack (body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1')
}

/** Returns a new copy each time. */
export function unpack (packed: string): Uint8Array {
  return Buffer.from(packed, 'latin1')
}

/** A substring, or a concatenation, keeps the strings that it came from in memory. Its flat copy does not. */
export function flatten (value: string): string {
  const copy = Buffer.from(value, 'latin1').toString('latin1')
  return copy === value ? copy : value
}
