import { type Codec, InvalidOptionError, type Sessions, sealed } from '@holdfast/core'
import { Envelope, Keyring, generateKey } from '@holdfast/envelope'
import { type RequestStateCodec, requestStateCodec } from '@holdfast/modern'
import type { RequestStateOptions } from '../options.js'

/**
 * The codec of states that clients hold. It seals with the keys of the sessions. Without keys, sessions never leave
 * this process, and its states need not either: a key of the moment seals them. Undefined with `encryption: 'none'`.
 *
 * @throws InvalidOptionError
 */
export function requestStates (
  sessions: Sessions, { ttl = '10m', once = false }: RequestStateOptions
): RequestStateCodec | undefined {
  const { exposes } = sessions.vault.codec
  if (exposes === 'everything') return undefined
  return requestStateCodec({ sessions, ttl, once, ...(exposes === 'memory' && { codec: ofTheMoment() }) })
}

export function noStates (path: string): InvalidOptionError {
  return new InvalidOptionError(path, 'clients hold their states, so these need keys: encryption cannot be "none"')
}

function ofTheMoment (): Codec {
  const keyring = new Keyring(generateKey())
  return sealed(new Envelope(keyring), keyring)
}
