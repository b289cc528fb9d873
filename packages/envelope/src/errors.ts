/** Every code that this package throws, with what it means. The README lists the same table. */
export const ENVELOPE_ERRORS = {
  HOLDFAST_SEAL_BROKEN:
    'What was sealed does not open: it was changed, belongs elsewhere, or was sealed under another key.',
  HOLDFAST_SEAL_MALFORMED: 'This is nothing that an envelope has sealed, or is from a newer version.',
  HOLDFAST_UNKNOWN_KEY: 'It was sealed under a key that this keyring does not have.',
  HOLDFAST_REVOKED_KEY: 'It was sealed under a key that has been revoked.',
  HOLDFAST_KMS_UNAVAILABLE: 'The key management service did not give a data key.',
  HOLDFAST_INVALID_KEY: 'A key or the way it is written is wrong. Thrown at once, as a TypeError.'
} as const

/** A key of {@link ENVELOPE_ERRORS}. */
export type EnvelopeErrorCode = keyof typeof ENVELOPE_ERRORS

const RETRYABLE: ReadonlySet<EnvelopeErrorCode> = new Set(['HOLDFAST_UNKNOWN_KEY', 'HOLDFAST_KMS_UNAVAILABLE'])

/**
 * Every failure but misuse; tell them apart by `code`. The message is always that of {@link ENVELOPE_ERRORS}, without
 * ids, keys or content.
 */
export class EnvelopeError extends Error {
  override readonly name = 'EnvelopeError'
  /** The same may succeed later or elsewhere: nothing is known against what was sealed, so keep it. */
  readonly retryable: boolean
  constructor (readonly code: Exclude<EnvelopeErrorCode, 'HOLDFAST_INVALID_KEY'>, options?: ErrorOptions) {
    super(ENVELOPE_ERRORS[code], options)
    this.retryable = RETRYABLE.has(code)
  }
}

/**
 * A key that cannot be used, found when the keyring is made: a `TypeError`, never an {@link EnvelopeError}. Shows no
 * part of any key.
 */
export class InvalidKeyError extends TypeError {
  override readonly name = 'InvalidKeyError'
  readonly code = 'HOLDFAST_INVALID_KEY' satisfies EnvelopeErrorCode
  /** @param path where the key is, as in `keys[1]` */
  constructor (readonly path: string, reason: string) {
    super(`${path}: ${reason}`)
  }
}
