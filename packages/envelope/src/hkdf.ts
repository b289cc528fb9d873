import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'

const HASH = 'sha256'
const HASH_SIZE = 32

/** HKDF-Extract of RFC 5869 with SHA-256. */
export function extract (salt: Uint8Array, key: Uint8Array): KeyObject {
  const digest = createHmac(HASH, salt).update(key).digest()
  const pseudorandom = createSecretKey(digest)
  digest.fill(0)
  return pseudorandom
}

/** HKDF-Expand of RFC 5869 with SHA-256. Node's own HKDF does both steps each time and takes longer than one step in JavaScript. */
export function expand (pseudorandom: KeyObject, info: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(Math.ceil(length / HASH_SIZE) * HASH_SIZE)
  // T(n - 1) || info || n; the first block begins at info
  const input = new Uint8Array(HASH_SIZE + info.length + 1)
  input.set(info, HASH_SIZE)
  for (let at = 0; at < output.length; at += HASH_SIZE) {
    input[input.length - 1] = at / HASH_SIZE + 1
    const block = createHmac(HASH, pseudorandom).update(at === 0 ? input.subarray(HASH_SIZE) : input).digest()
    output.set(block, at)
    input.set(block)
    block.fill(0)
  }
  input.fill(0)
  return output.subarray(0, length)
}
