import type { KeyState } from './key-state.js'

/**
 * A key in a key management service (KMS). It never leaves the service, and wraps the data keys of this process. A
 * rejection, or an answer that takes longer than `timeout`, becomes `HOLDFAST_KMS_UNAVAILABLE` with its `cause`.
 * `wrap` and `unwrap` must not keep the bytes of a data key, and `unwrap` must not return the same bytes twice: they
 * are wiped after use.
 */
export interface KeyProvider {
  /** The id of the key, which sealed values carry: 1 to 16 of `A-Z a-z 0-9 . _ -`. */
  readonly id: string
  /** Default: `'active'` for the first key of a keyring, `'decrypt-only'` for the others. */
  readonly state?: KeyState
  /** Milliseconds for which a data key is used, whether this process made or unwrapped it. Default 1 hour. */
  readonly maxAge?: number
  /** Messages that are sealed under one data key, at most. Default 1,000,000. */
  readonly maxUses?: number
  /** Milliseconds that an answer of the service may take. Default 10 s. */
  readonly timeout?: number
  /** Encrypts a data key of 32 bytes. The result, at most 65,535 bytes, is stored with each message. */
  wrap (dataKey: Uint8Array): Promise<Uint8Array>
  /**
   * Decrypts a result of {@link wrap}. Resolves to `undefined` when the service reports that it never wrapped this; the
   * message is then broken.
   */
  unwrap (wrapped: Uint8Array): Promise<Uint8Array | undefined>
}
