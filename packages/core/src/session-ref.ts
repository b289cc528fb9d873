import { InvalidOptionError } from './errors.js'
import { isObject } from './json.js'
import type { Principal } from './principal.js'
import { isRecordKey, ownerDigest } from './record-key.js'
import type { RecordKey } from './record.js'
import type { Located, SealedStore } from './sealed-store.js'
import { isSessionId } from './session-id.js'

/**
 * Names one session: by its id and its principal, or by its key and the digest of its owner. What
 * `sessions.list()` returns, and what events carry, is such a reference.
 */
export type SessionRef = { id: string, principal: Principal | null } | { key: RecordKey, owner: string }

/** Names every session of one owner: by the principal, or by the digest of the owner as listed. */
export type OwnerRef = { principal: Principal } | { owner: string }

/**
 * Where a session is stored, whether or not it exists. Undefined when the id cannot be the id of a session.
 *
 * @throws InvalidOptionError when it is no reference
 */
export function locate (store: SealedStore, ref: SessionRef): Located | undefined {
  if (isObject(ref) && 'key' in ref) {
    const { key, owner } = ref
    if (typeof key === 'string' && typeof owner === 'string') {
      return isRecordKey(key, owner) ? { key, owner } : undefined
    }
  } else if (isObject(ref) && 'id' in ref && ref.principal !== undefined) {
    return isSessionId(ref.id) ? store.locate(ref.id, ref.principal) : undefined
  }
  throw new InvalidOptionError('session', 'expected { id, principal }, or { key, owner } as listed')
}

/**
 * The digest of the owner that a reference names. An absent, undefined or null part never means everybody.
 *
 * @throws InvalidOptionError when it is no reference
 */
export function ownerOf (namespace: string, ref: OwnerRef): string {
  if (isObject(ref) && 'principal' in ref) {
    if (isObject(ref.principal)) return ownerDigest(namespace, ref.principal)
    throw new InvalidOptionError('principal', 'expected a principal')
  }
  if (isObject(ref) && typeof ref.owner === 'string') return ref.owner
  throw new InvalidOptionError('owner', 'expected { principal }, or { owner } as listed')
}
