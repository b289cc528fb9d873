import { types } from 'node:util'

/** Checks what Node would quietly take for something else, or print in its own error. */
export function assertBytes (name: string, value: unknown): asserts value is Uint8Array {
  if (!types.isUint8Array(value)) throw new TypeError(`${name}: expected a Uint8Array`)
}
