import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'

const HASH = 'sha256'

/** HKDF-Extract of RFC 5869 with SHA-256. */
export function extract (salt: Uint8Array, key: Uint8Array): KeyObject {
  const digest = createHmac(HASH, salt).update(key).digest()
  const pseudorandom = createSecretKey(digest)
  digest.fill(0)
  return pseudorandom
}

/**
 * HKDF-Expand of RFC 5869 with SHA-256: the blocks T(1), T(2) … of 32 bytes. Node's own HKDF does both steps each time.
 * That takes longer than one step in JavaScript.
 */
export function expand (pseudorandom: KeyObject, info: Uint8Array, blocks: number): Buffer[] {
  const output: Buffer[] = []
  for (let n = 1; n <= blocks; n++) {
    const hmac = createHmac(HASH, pseudorandom)
    const previous = output[n - 2]
    if (previous !== undefined) hmac.update(previous)
    output.push(hmac.update(info).update(Buffer.of(n)).digest())
  }
  return output
}
