import { createHash } from 'node:crypto'
import { SESSION } from './partitions.js'
import type { RecordKey } from './record.js'
import { type Principal, ownerName } from './principal.js'

const TAG_LENGTH = 12
const DIGEST = /^[\w-]{43}$/

/** Digest that stands for an owner in storage, `''` for nobody. 43 characters. */
export function ownerDigest (namespace: string, principal: Principal | null): string {
  return principal === null ? '' : digest('owner', namespace, ownerName(principal))
}

/**
 * The only trace of an id in storage. The owner is part of it, so somebody else's id is a plain miss, and everything
 * of one owner shares a tag, so that a backend can update it atomically.
 *
 * @param kind of the record, as in {@link recordKind}: equal ids of two kinds have two keys
 */
export function recordKey (namespace: string, owner: string, id: string, kind = SESSION): RecordKey {
  const hash = digest(kind, namespace, owner, id)
  return `${owner === '' ? hash.slice(0, TAG_LENGTH) : ownerTag(owner)}.${hash}`
}

/**
 * Whether these can be the key of a record and the digest of its owner: backends count on what
 * {@link recordKey} puts into a key.
 */
export function isRecordKey (key: string, owner: string): boolean {
  const [tag, hash = '', ...rest] = key.split('.')
  if (rest.length > 0 || !DIGEST.test(hash) || (owner !== '' && !DIGEST.test(owner))) return false
  return tag === ownerTag(owner === '' ? hash : owner)
}

/** The tag that all keys of an owner begin with. */
export function ownerTag (owner: string): string {
  return owner.slice(0, TAG_LENGTH)
}

/** What a log may show of a session: 8 characters that no one can turn back into an id. */
export function keyLabel (key: RecordKey): string {
  const start = key.indexOf('.') + 1
  return key.slice(start, start + 8)
}

function digest (...parts: string[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:${part}`)
  return hash.digest('base64url')
}
