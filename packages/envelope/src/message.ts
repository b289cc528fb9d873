import { timingSafeEqual, type KeyObject } from 'node:crypto'
import { decrypt, encrypt } from './aead.js'
import { expand, extract } from './hkdf.js'
import type { Sealed } from './layout.js'

const SALT = new TextEncoder().encode('holdfast envelope v1')
const LABEL = new TextEncoder().encode('holdfast message v1')
/** A key encrypts one message only, so no IV can repeat under it. */
const IV = Buffer.alloc(12)
export const KEY_SIZE = 32

/** The key that messages are sealed under: the root key after HKDF-Extract, and the prefix that names it. */
export interface RootKey {
  prefix: Buffer
  pseudorandom: KeyObject
}

export function pseudorandomKey (key: Uint8Array): KeyObject {
  return extract(SALT, key)
}

/** `messageId` must be new: the ciphertexts of two messages with one id reveal something of both plaintexts. */
export function sealMessage (root: RootKey, messageId: Buffer, plaintext: Uint8Array, aad: Uint8Array): Buffer {
  const binding = Buffer.concat([LABEL, root.prefix, messageId, aad])
  const { key, commitment } = derive(root.pseudorandom, binding.subarray(0, binding.length - aad.length))
  const { ciphertext, tag } = encrypt(key, IV, plaintext, binding.subarray(LABEL.length))
  key.fill(0)
  return Buffer.concat([root.prefix, messageId, commitment, ciphertext, tag])
}

/** Returns `undefined` when the message was not sealed under this key with exactly this header and AAD. */
export function openMessage (
  pseudorandom: KeyObject,
  { header, commitment, ciphertext, tag }: Sealed,
  aad: Uint8Array
): Buffer | undefined {
  const binding = Buffer.concat([LABEL, header, aad])
  const derived = derive(pseudorandom, binding.subarray(0, binding.length - aad.length))
  try {
    if (!timingSafeEqual(derived.commitment, commitment)) return undefined
    return decrypt(derived.key, IV, ciphertext, tag, binding.subarray(LABEL.length))
  } finally {
    derived.key.fill(0)
  }
}

function derive (pseudorandom: KeyObject, info: Uint8Array): { key: Buffer, commitment: Buffer } {
  const [key, commitment] = expand(pseudorandom, info, 2) as [Buffer, Buffer]
  return { key, commitment }
}
