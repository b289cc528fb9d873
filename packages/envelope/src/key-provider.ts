import type { KeyState } from './key-state.js'

/**
 * A key in a key management service: it never leaves it, and wraps the data keys of this process. An answer that takes
 * longer than
 * `timeout`, or a rejection, becomes `HOLDFAST_KMS_UNAVAILABLE` with its `cause`. Both must not keep, and
 * `unwrap` must not reuse, the bytes of a data key: they are wiped.
 */
export interface KeyProvider {
  /** Names the key in what is sealed: 1 to 16 of `A-Z a-z 0-9 . _ -`. */
  readonly id: string
  /** Default: `'active'` for the first key of a keyring, `'decrypt-only'` for the others. */
  readonly state?: KeyState
  /** Milliseconds for which a data key is used, whether made or unwrapped here. Default 1 hour. */
  readonly maxAge?: number
  /** Messages that are sealed under one data key. Default 1,000,000. */
  readonly maxUses?: number
  /** Milliseconds that an answer of the service may take. Default 10 s. */
  readonly timeout?: number
  /** Encrypts a data key of 32 bytes; the result is stored with each message, at most 65,535 bytes. */
  wrap (dataKey: Uint8Array): Promise<Uint8Array>
  /**
   * Decrypts what {@link wrap} made. `undefined` when the service says that it never made this: the message then counts
   * as broken.
   */
  unwrap (wrapped: Uint8Array): Promise<Uint8Array | undefined>
}
