import { timingSafeEqual, type KeyObject } from 'node:crypto'
import { decrypt, encrypt } from './aead.js'
import { expand, extract } from './hkdf.js'
import type { Sealed } from './layout.js'

const SALT = new TextEncoder().encode('holdfast envelope v1')
const LABEL = new TextEncoder().encode('holdfast message v1')
/** A key encrypts one message only, so no IV can repeat under it. */
const IV = Buffer.alloc(12)
export const KEY_SIZE = 32

/** What messages are sealed under: the root key after HKDF-Extract, and the bytes that name it. */
export interface RootKey {
  prefix: Buffer
  pseudorandom: KeyObject
}

export function pseudorandomKey (key: Uint8Array): KeyObject {
  return extract(SALT, key)
}

/** `messageId` must be new: with two messages of one id, whoever has both ciphertexts learns about both plaintexts. */
export function sealMessage (root: RootKey, messageId: Buffer, plaintext: Uint8Array, aad: Uint8Array): Buffer {
  const binding = Buffer.concat([LABEL, root.prefix, messageId, aad])
  const derived = expand(root.pseudorandom, binding.subarray(0, binding.length - aad.length), 2 * KEY_SIZE)
  const bound = binding.subarray(LABEL.length)
  const { ciphertext, tag } = encrypt(derived.subarray(0, KEY_SIZE), IV, plaintext, bound)
  derived.fill(0, 0, KEY_SIZE)
  return Buffer.concat([root.prefix, messageId, derived.subarray(KEY_SIZE), ciphertext, tag])
}

/** `undefined` when it was not sealed exactly so under this key. */
export function openMessage (pseudorandom: KeyObject, { header, commitment, ciphertext, tag }: Sealed, aad: Uint8Array): Buffer | undefined {
  const binding = Buffer.concat([LABEL, header, aad])
  const derived = expand(pseudorandom, binding.subarray(0, binding.length - aad.length), 2 * KEY_SIZE)
  try {
    if (!timingSafeEqual(derived.subarray(KEY_SIZE), commitment)) return undefined
    return decrypt(derived.subarray(0, KEY_SIZE), IV, ciphertext, tag, binding.subarray(LABEL.length))
  } finally {
    derived.fill(0)
  }
}
