import { createCipheriv, createDecipheriv } from 'node:crypto'

const CIPHER = 'aes-256-gcm'
/** Without this, Node would accept a tag of 4 bytes. */
const options = { authTagLength: 16 }

/** AES-256-GCM with a tag of 16 bytes. */
export function encrypt (
  key: Uint8Array,
  iv: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array
): { ciphertext: Buffer, tag: Buffer } {
  const cipher = createCipheriv(CIPHER, key, iv, options).setAAD(aad)
  const ciphertext = cipher.update(plaintext)
  cipher.final()
  return { ciphertext, tag: cipher.getAuthTag() }
}

/** Returns the plaintext, or `undefined` when the tag does not match. */
export function decrypt (
  key: Uint8Array,
  iv: Uint8Array,
  ciphertext: Uint8Array,
  tag: Uint8Array,
  aad: Uint8Array
): Buffer | undefined {
  const decipher = createDecipheriv(CIPHER, key, iv, options).setAAD(aad).setAuthTag(tag)
  const plaintext = decipher.update(ciphertext)
  try {
    decipher.final()
    return plaintext
  } catch {
    plaintext.fill(0)
    return undefined
  }
}
