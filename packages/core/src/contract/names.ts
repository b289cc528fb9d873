import { createHash, randomBytes } from 'node:crypto'
import type { RecordKey } from '../record.js'

/** A random owner, so that one server can serve every check. It has the form of core's digests. */
export function newOwner (): string {
  return randomBytes(32).toString('base64url')
}

export function newName (): string {
  return randomBytes(9).toString('base64url')
}

/** A key as core makes it: keys of one owner have equal tags, each record without an owner has a tag of its own. */
export function newKey (owner: string): RecordKey {
  const seed = owner === '' ? randomBytes(16) : owner
  const tag = createHash('sha256').update(seed).digest('base64url').slice(0, 22)
  return `${tag}.${randomBytes(32).toString('base64url')}`
}
