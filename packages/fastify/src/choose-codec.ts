import type { FastifyBaseLogger } from 'fastify'
import { type Codec, InvalidOptionError, plain, sealed, unsealed } from '@holdfast/core'
import { Envelope, Keyring } from '@holdfast/envelope'
import type { Settings } from './settings.js'

/**
 * Chooses how sessions are sealed: with `keys`, with HOLDFAST_KEYS of the environment, or not at all. Data that never
 * leaves the process needs no seal. Other data is stored unsealed only with `encryption: 'none'`.
 *
 * @throws InvalidOptionError, or the error of the keyring about a key
 */
export function chooseCodec ({ keys, encryption, snapshot, backend }: Settings, log: FastifyBaseLogger): Codec {
  if (encryption === 'none') {
    if (keys !== undefined) throw new InvalidOptionError('encryption', 'cannot be "none" while there are keys')
    if (process.env.HOLDFAST_KEYS !== undefined) {
      log.warn('holdfast: HOLDFAST_KEYS is ignored, because encryption is "none"')
    }
    return unsealed
  }
  const given = keys ?? process.env.HOLDFAST_KEYS
  if (given !== undefined) {
    const keyring = given instanceof Keyring ? given : new Keyring(given)
    return sealed(new Envelope(keyring), keyring)
  }
  if (snapshot !== undefined || backend?.durable === true) {
    const remedy = 'set the option keys or the variable HOLDFAST_KEYS, or set encryption: "none"'
    throw new InvalidOptionError('keys', `a snapshot and a durable backend need keys: ${remedy}`)
  }
  return plain
}
