import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Codec, sealed } from '@holdfast/core'
import { Envelope, Keyring, type Keys } from '@holdfast/envelope'
import { Failure } from './failure.js'
import type { Io } from './io.js'

/**
 * The codec of the servers' keys. They are in `HOLDFAST_KEYS`, or they are the default export of the module
 * `HOLDFAST_KEYS_MODULE`: keys as the plugin's option `keys` takes them, such as the provider of a KMS, or a function
 * that makes them.
 *
 * @throws Failure without keys, with both, or when a KMS does not answer; InvalidKeyError for a wrong key
 */
export async function codecOf ({ env }: Io): Promise<{ codec: Codec, keyring: Keyring }> {
  const { HOLDFAST_KEYS: keys = '', HOLDFAST_KEYS_MODULE: path = '' } = env
  if (keys !== '' && path !== '') {
    throw new Failure('HOLDFAST_KEYS and HOLDFAST_KEYS_MODULE are both set. Set one of them. Nothing was changed.')
  }
  if (keys === '' && path === '') {
    throw new Failure(
      'HOLDFAST_KEYS is not set. Set it to the keys of the servers: id:base64,id:base64. For keys in a KMS, set ' +
      'HOLDFAST_KEYS_MODULE. Nothing was changed.'
    )
  }
  const keyring = keys !== '' ? new Keyring(keys) : await load(path)
  const envelope = new Envelope(keyring)
  try {
    // A KMS that does not answer must not look like keys that are wrong.
    await envelope.seal(new Uint8Array(), ['probe'])
  } catch (error) {
    throw new Failure('The KMS gave no key. Nothing was changed.', { cause: error })
  }
  return { codec: sealed(envelope, keyring), keyring }
}

async function load (path: string): Promise<Keyring> {
  try {
    const { default: exported } = await import(pathToFileURL(resolve(path)).href)
    if (exported === undefined) throw new Error('it has no default export.')
    const given: Keys | Keyring = typeof exported === 'function' ? await exported() : exported
    return given instanceof Keyring ? given : new Keyring(given)
  } catch (error) {
    throw new Failure('The module of HOLDFAST_KEYS_MODULE gives no keys. Nothing was changed.', { cause: error })
  }
}
