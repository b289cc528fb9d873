/** Bytes of the expiry: milliseconds since the epoch, until the year 10889. */
const EXPIRY_SIZE = 6

/** What a state says: when it expires, and a JSON value of the application. */
export interface StateContent {
  /** Milliseconds since the epoch. The state is valid strictly before. */
  readonly expires: number
  readonly payload: unknown
}

/** @throws TypeError for a payload that is no JSON */
export function encodeContent ({ expires, payload }: StateContent): Uint8Array {
  const json = JSON.stringify(payload)
  if (json === undefined) throw new TypeError('payload: expected JSON')
  const bytes = Buffer.allocUnsafe(EXPIRY_SIZE + Buffer.byteLength(json))
  bytes.writeUIntBE(expires, 0, EXPIRY_SIZE)
  bytes.write(json, EXPIRY_SIZE)
  return bytes
}

/** @param bytes what was authenticated, so {@link encodeContent} wrote it */
export function decodeContent (bytes: Uint8Array): StateContent {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return { expires: buffer.readUIntBE(0, EXPIRY_SIZE), payload: JSON.parse(buffer.toString('utf8', EXPIRY_SIZE)) }
}
