/**
 * Bodies and keys are held as flat one-byte strings: immutable, so that no caller can change what is stored; a quarter
 * of the overhead of a small `Uint8Array`; and counted once, on the heap.
 */
export function pack (body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1')
}

/** A new copy each time. */
export function unpack (packed: string): Uint8Array {
  return Buffer.from(packed, 'latin1')
}

/** A string that was cut from or joined of others keeps them in memory; its copy does not. */
export function flatten (value: string): string {
  const copy = Buffer.from(value, 'latin1').toString('latin1')
  return copy === value ? copy : value
}
