import { randomFillSync } from 'node:crypto'

export const MESSAGE_ID_SIZE = 32

// Asking for 32 random bytes costs nearly as much as asking for 4,096.
const pool = Buffer.alloc(128 * MESSAGE_ID_SIZE)
let next = pool.length

/** Returns 32 random bytes that were never returned before. */
export function newMessageId (): Buffer {
  if (next === pool.length) {
    randomFillSync(pool)
    next = 0
  }
  const unused = pool.subarray(next, next += MESSAGE_ID_SIZE)
  const id = Buffer.from(unused)
  unused.fill(0)
  return id
}
