import { types } from 'node:util'

/** Checks a value that Node would silently convert, or show in its own error. */
export function assertBytes (name: string, value: unknown): asserts value is Uint8Array {
  if (!types.isUint8Array(value)) throw new TypeError(`${name}: expected a Uint8Array`)
}
