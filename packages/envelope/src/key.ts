import type { KeyObject } from 'node:crypto'
import type { RootKey } from './message.js'

/** A key of a keyring, in this process or in a KMS. The results are promises when the KMS must be called first. */
export interface Key {
  readonly id: string
  /** Whether messages carry a data key that this key has wrapped. */
  readonly wraps: boolean
  /** The root key to seal one message under. */
  sealing (): RootKey | Promise<RootKey>
  /**
   * The key that opens a message with this wrapped data key, which is empty for a key that does not wrap. `undefined`
   * when the KMS did not wrap it.
   */
  opening (wrapped: Buffer): KeyObject | Promise<KeyObject | undefined>
}
