import type { Codec, Place } from './codec.js'
import { type ErrorCode, HoldfastError } from './errors.js'

/** What seals and opens bytes for a place: an `Envelope` of `@holdfast/envelope`. */
export interface Sealer {
  seal (plaintext: Uint8Array, aad: readonly string[]): Uint8Array | Promise<Uint8Array>
  open (sealed: Uint8Array, aad: readonly string[]): Uint8Array | Promise<Uint8Array>
  /** Throws for what no envelope has sealed. */
  keyId (sealed: Uint8Array): string
}

/** The keys that a {@link Sealer} works with: a `Keyring` of `@holdfast/envelope`. */
export interface SealerKeys {
  readonly active: string
  drop (id: string): void
}

/** Of what a seal is bound to: another one is needed when the meaning of the parts changes. */
const SCHEMA = '1'

/**
 * The codec of the plugin and of the command line: whatever one of them has sealed, the other opens with the same keys.
 */
export function sealed (envelope: Sealer, keyring: SealerKeys): Codec {
  return {
    seal: (plaintext, place) => translated(() => envelope.seal(plaintext, aad(place))),
    open: (sealed, place) => translated(() => envelope.open(sealed, aad(place))),
    keys: {
      get active () { return keyring.active },
      of: sealed => keyOf(envelope, sealed),
      drop: id => keyring.drop(id)
    }
  }
}

function aad ({ namespace, kind, key }: Place): string[] {
  return [namespace, kind, key, SCHEMA]
}

function keyOf (envelope: Sealer, sealed: Uint8Array): string | undefined {
  try {
    return envelope.keyId(sealed)
  } catch {
    // No envelope has sealed it.
    return undefined
  }
}

/** What core calls it. Any other error says there that something does not open. */
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
