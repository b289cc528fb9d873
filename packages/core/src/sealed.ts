import type { Codec } from './codec.js'
import { type ErrorCode, HoldfastError } from './errors.js'
import { sealedAad } from './sealed-aad.js'

/** Seals bytes for a place and opens them there: an `Envelope` of `@holdfast/envelope`. */
export interface Sealer {
  seal (plaintext: Uint8Array, aad: readonly string[]): Uint8Array | Promise<Uint8Array>
  open (sealed: Uint8Array, aad: readonly string[]): Uint8Array | Promise<Uint8Array>
  /** Throws when no envelope has sealed the bytes. */
  keyId (sealed: Uint8Array): string
}

/** The keys of a {@link Sealer}: a `Keyring` of `@holdfast/envelope`. */
export interface SealerKeys {
  readonly active: string
  drop (id: string): void
}

/** The codec of the plugin and of the command line. With the same keys, each opens what the other has sealed. */
export function sealed (envelope: Sealer, keyring: SealerKeys): Codec {
  return {
    seal: (plaintext, place) => translated(() => envelope.seal(plaintext, sealedAad(place))),
    open: (sealed, place) => translated(() => envelope.open(sealed, sealedAad(place))),
    keys: {
      get active () { return keyring.active },
      of: sealed => keyOf(envelope, sealed),
      drop: id => keyring.drop(id)
    }
  }
}

function keyOf (envelope: Sealer, sealed: Uint8Array): string | undefined {
  try {
    return envelope.keyId(sealed)
  } catch {
    // No envelope has sealed the bytes.
    return undefined
  }
}

/** Core's codes for errors of the envelope. To core, every other error means that the bytes cannot be opened. */
const MEANINGS: Readonly<Record<string, ErrorCode>> = {
  HOLDFAST_UNKNOWN_KEY: 'HOLDFAST_KEY_UNAVAILABLE',
  HOLDFAST_KMS_UNAVAILABLE: 'HOLDFAST_KEY_UNAVAILABLE',
  HOLDFAST_REVOKED_KEY: 'HOLDFAST_INVALID_STATE'
}

function translated (work: () => Uint8Array | Promise<Uint8Array>): Uint8Array | Promise<Uint8Array> {
  try {
    const result = work()
    return result instanceof Promise ? result.catch(fail) : result
  } catch (error) {
    return fail(error)
  }
}

function fail (error: unknown): never {
  const { code, message } = error as { code: string, message: string }
  const meaning = MEANINGS[code]
  throw meaning === undefined ? error : new HoldfastError(meaning, message, { cause: error })
}
