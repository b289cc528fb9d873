/** Every code that this package throws, with what it means. The README lists the same table. */
export const ENVELOPE_ERRORS = {
  HOLDFAST_SEAL_BROKEN:
    'The sealed value does not open: it was changed, belongs elsewhere, or was sealed under another key.',
  HOLDFAST_SEAL_MALFORMED: 'The value was not sealed by an envelope, or it was sealed by a newer version.',
  HOLDFAST_UNKNOWN_KEY: 'The value was sealed under a key that this keyring does not have.',
  HOLDFAST_REVOKED_KEY: 'The value was sealed under a key that is revoked.',
  HOLDFAST_KMS_UNAVAILABLE: 'The key management service did not provide a data key.',
  HOLDFAST_INVALID_KEY: 'A key is wrong or malformed. Thrown at once, as a TypeError.'
} as const

/** A key of {@link ENVELOPE_ERRORS}. */
export type EnvelopeErrorCode = keyof typeof ENVELOPE_ERRORS

const RETRYABLE: ReadonlySet<EnvelopeErrorCode> = new Set(['HOLDFAST_UNKNOWN_KEY', 'HOLDFAST_KMS_UNAVAILABLE'])

/**
 * Every failure except misuse. Distinguish failures by `code`. The message is always that of {@link ENVELOPE_ERRORS},
 * without ids, keys or content.
 */
export class EnvelopeError extends Error {
  override readonly name = 'EnvelopeError'
  /** Whether the same call may succeed later or elsewhere. Then the sealed value may be good, so keep it. */
  readonly retryable: boolean
  constructor (readonly code: Exclude<EnvelopeErrorCode, 'HOLDFAST_INVALID_KEY'>, options?: ErrorOptions) {
    super(ENVELOPE_ERRORS[code], options)
    this.retryable = RETRYABLE.has(code)
  }
}

/**
 * A key that cannot be used, found when the keyring is made. It is a `TypeError`, never an {@link EnvelopeError}. It
 * shows no part of any key.
 */
export class InvalidKeyError extends TypeError {
  override readonly name = 'InvalidKeyError'
  readonly code = 'HOLDFAST_INVALID_KEY' satisfies EnvelopeErrorCode
  /** @param path the place of the key, as in `keys[1]` */
  constructor (readonly path: string, reason: string) {
    super(`${path}: ${reason}`)
  }
}
