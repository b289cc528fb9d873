import { EnvelopeError } from './errors.js'
import { MESSAGE_ID_SIZE } from './message-id.js'

const VERSION = 1
const LOCAL = 1
const WRAPPED = 2
const COMMITMENT_SIZE = 32
const TAG_SIZE = 16

export const KEY_ID = /^[\w.-]{1,16}$/
export const MAX_WRAPPED_SIZE = 0xffff

/** The parts of a sealed message, as views of its bytes. */
export interface Sealed {
  keyId: string
  /** The wrapped data key; empty when the key is not in a KMS. */
  wrapped: Buffer
  /** Everything up to and with the message id. */
  header: Buffer
  commitment: Buffer
  ciphertext: Buffer
  tag: Buffer
}

/** The bytes that every message sealed under one key begins with. */
export function writePrefix (keyId: string, wrapped?: Uint8Array): Buffer {
  const fixed = Buffer.concat([Buffer.of(VERSION, wrapped ? WRAPPED : LOCAL, keyId.length), Buffer.from(keyId)])
  return wrapped ? Buffer.concat([fixed, Buffer.of(wrapped.length >> 8, wrapped.length & 0xff), wrapped]) : fixed
}

/** Throws `HOLDFAST_SEAL_MALFORMED` for errors that can be seen without a key. */
export function readSealed (sealed: Uint8Array): Sealed {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length)
  const [version, suite, keyIdLength = 0] = bytes
  if (version !== VERSION || (suite !== LOCAL && suite !== WRAPPED)) throw malformed()
  let at = 3 + keyIdLength
  const keyId = bytes.toString('latin1', 3, at)
  if (!KEY_ID.test(keyId) || keyId.length !== keyIdLength) throw malformed()
  let wrapped = bytes.subarray(at, at)
  if (suite === WRAPPED) {
    at += 2
    wrapped = bytes.subarray(at, at + ((bytes[at - 2] ?? 0) << 8 | (bytes[at - 1] ?? 0)))
    if (wrapped.length === 0) throw malformed()
  }
  const idEnd = at + wrapped.length + MESSAGE_ID_SIZE
  const commitmentEnd = idEnd + COMMITMENT_SIZE
  const tagStart = bytes.length - TAG_SIZE
  if (tagStart < commitmentEnd) throw malformed()
  return {
    keyId,
    wrapped,
    header: bytes.subarray(0, idEnd),
    commitment: bytes.subarray(idEnd, commitmentEnd),
    ciphertext: bytes.subarray(commitmentEnd, tagStart),
    tag: bytes.subarray(tagStart)
  }
}

function malformed (): EnvelopeError {
  return new EnvelopeError('HOLDFAST_SEAL_MALFORMED')
}
