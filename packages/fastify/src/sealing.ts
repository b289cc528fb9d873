import type { FastifyBaseLogger } from 'fastify'
import { type Codec, type ErrorCode, HoldfastError, InvalidOptionError, type Place, plain, unsealed } from '@holdfast/core'
import { Envelope, type EnvelopeError, Keyring } from '@holdfast/envelope'
import type { Settings } from './options.js'

/** Of what a seal is bound to: another one is needed when the meaning of the parts changes. */
const SCHEMA = '1'

/**
 * How sessions are sealed: by `keys`, by HOLDFAST_KEYS in the environment, or not at all. Not at all is right for what never leaves the
 * process; anything else must be asked for.
 *
 * @throws InvalidOptionError, or what the keyring has against a key
 */
export function sealing ({ keys, encryption, snapshot, backend }: Settings, log: FastifyBaseLogger): Codec {
  if (encryption === 'none') {
    if (keys !== undefined) throw new InvalidOptionError('encryption', 'there are keys, so "none" cannot be meant')
    if (process.env.HOLDFAST_KEYS !== undefined) log.warn('holdfast: HOLDFAST_KEYS is ignored, because encryption is "none"')
    return unsealed
  }
  const given = keys ?? process.env.HOLDFAST_KEYS
  if (given !== undefined) return sealed(given instanceof Keyring ? given : new Keyring(given))
  if (snapshot !== undefined || backend?.durable === true) throw new InvalidOptionError('keys', 'what outlives the process is sealed: give keys, set HOLDFAST_KEYS, or say encryption: "none"')
  return plain
}

function sealed (keyring: Keyring): Codec {
  const envelope = new Envelope(keyring)
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

function keyOf (envelope: Envelope, sealed: Uint8Array): string | undefined {
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
  const { code, message } = error as EnvelopeError
  const meaning = MEANINGS[code]
  throw meaning === undefined ? error : new HoldfastError(meaning, message, { cause: error })
}
