import { Readable } from 'node:stream'

/** Characters from which on a body goes out in pieces: of what is written at once nobody can tell whether its reader still reads. */
const LARGE = 262_144
const PIECE = 65_536

/** @returns the body as it is to be sent, and its length in bytes where it is one that nobody else measures */
export function paced (body: string): { body: string | Readable, length?: number } {
  if (body.length <= LARGE) return { body }
  const bytes = Buffer.from(body)
  return { body: Readable.from(pieces(bytes), { objectMode: false, highWaterMark: PIECE }), length: bytes.length }
}

function * pieces (bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += PIECE) yield bytes.subarray(start, start + PIECE)
}
