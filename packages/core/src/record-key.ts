import { createHash } from 'node:crypto'
import { SESSION } from './partitions.js'
import type { RecordKey } from './record.js'
import { type Principal, ownerName } from './principal.js'

const TAG_LENGTH = 12
const DIGEST = /^[\w-]{43}$/

/** The digest that stands for an owner in storage: 43 characters, or `''` for nobody. */
export function ownerDigest (namespace: string, principal: Principal | null): string {
  return principal === null ? '' : digest('owner', namespace, ownerName(principal))
}

/**
 * The key of a record, which is the only trace of its id in storage. The owner is part of the key, so the id of another
 * owner is simply unknown. All keys of one owner share a tag, so that a backend can update them atomically.
 *
 * @param kind the kind of the record, see {@link recordKind}: equal ids of two kinds have two keys
 */
export function recordKey (namespace: string, owner: string, id: string, kind = SESSION): RecordKey {
  const hash = digest(kind, namespace, owner, id)
  return `${owner === '' ? hash.slice(0, TAG_LENGTH) : ownerTag(owner)}.${hash}`
}

/**
 * Whether these have the form of a record's key and its owner's digest. Backends rely on the form that
 * {@link recordKey} gives a key.
 */
export function isRecordKey (key: string, owner: string): boolean {
  const [tag, hash = '', ...rest] = key.split('.')
  if (rest.length > 0 || !DIGEST.test(hash) || (owner !== '' && !DIGEST.test(owner))) return false
  return tag === ownerTag(owner === '' ? hash : owner)
}

/** The tag at the beginning of all keys of an owner. */
export function ownerTag (owner: string): string {
  return owner.slice(0, TAG_LENGTH)
}

/** The label of a session in logs: 8 characters, which nobody can turn back into an id. */
export function keyLabel (key: RecordKey): string {
  const start = key.indexOf('.') + 1
  return key.slice(start, start + 8)
}

function digest (...parts: string[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:${part}`)
  return hash.digest('base64url')
}
