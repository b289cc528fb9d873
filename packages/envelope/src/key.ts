import type { KeyObject } from 'node:crypto'
import type { RootKey } from './message.js'

/** A key of a keyring, wherever it is kept. A KMS answers later, when the data key is not at hand. */
export interface Key {
  readonly id: string
  /** Messages carry a data key that this key has wrapped. */
  readonly wraps: boolean
  /** What to seal one message under. */
  sealing (): RootKey | Promise<RootKey>
  /**
   * What opens a message, given its wrapped data key, empty for a key that does not wrap; `undefined` when that is not
   * one.
   */
  opening (wrapped: Buffer): KeyObject | Promise<KeyObject | undefined>
}
