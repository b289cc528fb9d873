import { EnvelopeError } from './errors.js'

const PREFIX = 'hf1.'

export function toText (sealed: Uint8Array): string {
  return PREFIX + Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length).toString('base64url')
}

/** Accepts only text that {@link toText} writes. Node alone would decode many texts to the same bytes. */
export function fromText (text: string): Uint8Array {
  if (typeof text !== 'string') throw new TypeError('sealed: expected a string')
  const sealed = Buffer.from(text.slice(PREFIX.length), 'base64url')
  if (toText(sealed) !== text) throw new EnvelopeError('HOLDFAST_SEAL_MALFORMED')
  return sealed
}
