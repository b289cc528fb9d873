const PREFIX = 'hf1.'

/** Characters. Longer texts are refused before anything else is done with them. */
export const MAX_STATE = 65_536

export function toText (sealed: Uint8Array): string {
  return PREFIX + Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length).toString('base64url')
}

/** Undefined for everything that {@link toText} does not write, such as another spelling of the same bytes. */
export function fromText (text: unknown): Uint8Array | undefined {
  if (typeof text !== 'string' || text.length > MAX_STATE || !text.startsWith(PREFIX)) return undefined
  const sealed = Buffer.from(text.slice(PREFIX.length), 'base64url')
  return toText(sealed) === text ? sealed : undefined
}
