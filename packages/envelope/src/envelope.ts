import type { KeyObject } from 'node:crypto'
import { type Aad, encodeAad } from './aad.js'
import { assertBytes } from './bytes.js'
import { EnvelopeError } from './errors.js'
import type { Key } from './key.js'
import { type Keyring, keysOf } from './keyring.js'
import { readSealed, type Sealed } from './layout.js'
import { openMessage, type RootKey, sealMessage } from './message.js'
import { newMessageId } from './message-id.js'
import { fromText, toText } from './text.js'

/**
 * Seals bytes and opens them again. The result is a value when the key, or the data key of a KMS, is in this process;
 * otherwise it is a promise. `await` is right for both. While a promise is pending, the arguments must not be changed.
 *
 * Arguments of a wrong type throw a `TypeError`. Every other failure is an {@link EnvelopeError}, thrown or as a
 * rejection.
 */
export class Envelope {
  readonly #keyring: Keyring

  constructor (keyring: Keyring) {
    this.#keyring = keyring
  }

  /**
   * Encrypts under the active key and binds the result to `aad`, which is not part of it. Each result is different. Its
   * length is that of the plaintext, plus that of the key's id, plus 83; with a KMS, plus that of the wrapped data key,
   * plus 2.
   *
   * Codes: `HOLDFAST_KMS_UNAVAILABLE`.
   */
  seal (plaintext: Uint8Array, aad: Aad): Uint8Array | Promise<Uint8Array> {
    assertBytes('plaintext', plaintext)
    return this.#seal(plaintext, encodeAad(aad))
  }

  /**
   * The plaintext of bytes that were sealed with this `aad`.
   *
   * Codes: `HOLDFAST_SEAL_BROKEN` for every failure to authenticate, whichever part is wrong;
   * `HOLDFAST_SEAL_MALFORMED`, `HOLDFAST_UNKNOWN_KEY`, `HOLDFAST_REVOKED_KEY`, `HOLDFAST_KMS_UNAVAILABLE`.
   */
  open (sealed: Uint8Array, aad: Aad): Uint8Array | Promise<Uint8Array> {
    assertBytes('sealed', sealed)
    return this.#open(readSealed(sealed), encodeAad(aad))
  }

  /** {@link seal} with a result as text: `hf1.` and base64url. */
  sealText (plaintext: Uint8Array, aad: Aad): string | Promise<string> {
    const sealed = this.seal(plaintext, aad)
    return sealed instanceof Promise ? sealed.then(toText) : toText(sealed)
  }

  /**
   * {@link open} for text that {@link sealText} made. Any other spelling of the same bytes throws
   * `HOLDFAST_SEAL_MALFORMED`.
   */
  openText (text: string, aad: Aad): Uint8Array | Promise<Uint8Array> {
    return this.open(fromText(text), aad)
  }

  /**
   * The id of the key that sealed bytes or text name as theirs. It is not authenticated. Throws
   * `HOLDFAST_SEAL_MALFORMED`.
   */
  keyId (sealed: Uint8Array | string): string {
    const bytes = typeof sealed === 'string' ? fromText(sealed) : sealed
    assertBytes('sealed', bytes)
    return readSealed(bytes).keyId
  }

  /** Whether {@link keyId} is the active key; if not, reseal the value. Throws `HOLDFAST_SEAL_MALFORMED`. */
  isCurrent (sealed: Uint8Array | string): boolean {
    return this.keyId(sealed) === this.#keyring.active
  }

  #seal (plaintext: Uint8Array, aad: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const { active } = keysOf(this.#keyring)
    const root = active.sealing()
    const seal = (root: RootKey): Uint8Array => sealMessage(root, newMessageId(), plaintext, aad)
    // The keys may have been replaced during the call of the KMS.
    return root instanceof Promise
      ? root.then(root => keysOf(this.#keyring).active === active ? seal(root) : this.#seal(plaintext, aad))
      : seal(root)
  }

  #open (sealed: Sealed, aad: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const key = this.#keyFor(sealed)
    const open = (pseudorandom: KeyObject | undefined): Uint8Array => {
      const plaintext = pseudorandom && openMessage(pseudorandom, sealed, aad)
      if (plaintext === undefined) throw new EnvelopeError('HOLDFAST_SEAL_BROKEN')
      return plaintext
    }
    const pseudorandom = key.opening(sealed.wrapped)
    return pseudorandom instanceof Promise
      ? pseudorandom.then(pseudorandom => this.#keyFor(sealed) === key ? open(pseudorandom) : this.#open(sealed, aad))
      : open(pseudorandom)
  }

  #keyFor ({ keyId, wrapped }: Sealed): Key {
    const found = keysOf(this.#keyring).all.get(keyId)
    if (found === undefined || found.key.wraps !== (wrapped.length > 0)) throw new EnvelopeError('HOLDFAST_UNKNOWN_KEY')
    if (found.state === 'revoked') throw new EnvelopeError('HOLDFAST_REVOKED_KEY')
    return found.key
  }
}
