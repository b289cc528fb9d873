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
export function expand (pseudorandom: KeyObject, info: Uint8Array, length: number): Buffer {
  const blocks = Math.ceil(length / HASH_SIZE)
  const output = Buffer.alloc(blocks * HASH_SIZE)
  // T(n - 1) || info || n; the first block begins at info
  const input = Buffer.alloc(HASH_SIZE + info.length + 1)
  input.set(info, HASH_SIZE)
  for (let n = 1; n <= blocks; n++) {
    input[input.length - 1] = n
    const block = createHmac(HASH, pseudorandom).update(n === 1 ? input.subarray(HASH_SIZE) : input).digest()
    output.set(block, (n - 1) * HASH_SIZE)
    input.set(block)
    block.fill(0)
  }
  input.fill(0)
  return output.subarray(0, length)
}
