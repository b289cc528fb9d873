import type { FastifyBaseLogger } from 'fastify'
import { type Codec, InvalidOptionError, plain, sealed, unsealed } from '@holdfast/core'
import { Envelope, Keyring } from '@holdfast/envelope'
import type { Settings } from './settings.js'

/**
 * How sessions are sealed: by `keys`, by HOLDFAST_KEYS in the environment, or not at all. Not at all is right for what never leaves the
 * process; anything else must be asked for.
 *
 * @throws InvalidOptionError, or what the keyring has against a key
 */
export function chooseCodec ({ keys, encryption, snapshot, backend }: Settings, log: FastifyBaseLogger): Codec {
  if (encryption === 'none') {
    if (keys !== undefined) throw new InvalidOptionError('encryption', 'there are keys, so "none" cannot be meant')
    if (process.env.HOLDFAST_KEYS !== undefined) log.warn('holdfast: HOLDFAST_KEYS is ignored, because encryption is "none"')
    return unsealed
  }
  const given = keys ?? process.env.HOLDFAST_KEYS
  if (given !== undefined) {
    const keyring = given instanceof Keyring ? given : new Keyring(given)
    return sealed(new Envelope(keyring), keyring)
  }
  if (snapshot !== undefined || backend?.durable === true) throw new InvalidOptionError('keys', 'what outlives the process is sealed: give keys, set HOLDFAST_KEYS, or say encryption: "none"')
  return plain
}
