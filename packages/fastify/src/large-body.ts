import { Readable } from 'node:stream'

/**
 * Characters of a body above which it is sent in pieces. While one large piece goes out, a slow reader and a stalled
 * reader look the same.
 */
const LARGE = 262_144
const PIECE = 65_536

/** @returns the body to send, and its length in bytes when Fastify cannot measure it */
export function paced (body: string): { body: string | Readable, length?: number } {
  if (body.length <= LARGE) return { body }
  const bytes = Buffer.from(body)
  return { body: Readable.from(pieces(bytes), { objectMode: false, highWaterMark: PIECE }), length: bytes.length }
}

function * pieces (bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += PIECE) yield bytes.subarray(start, start + PIECE)
}
