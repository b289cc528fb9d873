import { createHash, randomBytes } from 'node:crypto'
import type { RecordKey } from '../record.js'

/** Random, so that one server can serve every check; a digest in form, as core derives them. */
export function newOwner (): string {
  return randomBytes(32).toString('base64url')
}

export function newName (): string {
  return randomBytes(9).toString('base64url')
}

/** As core does it: records of one owner have equal tags, records without an owner a tag of their own. */
export function newKey (owner: string): RecordKey {
  const seed = owner === '' ? randomBytes(16) : owner
  const tag = createHash('sha256').update(seed).digest('base64url').slice(0, 22)
  return `${tag}.${randomBytes(32).toString('base64url')}`
}
