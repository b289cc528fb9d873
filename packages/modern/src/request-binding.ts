import { createHash } from 'node:crypto'
import type { Request } from '@holdfast/transport'
import { canonical } from './canonical-json.js'

/**
 * Names who asks for what: owner, method, name or URI, and arguments. It is equal for the first attempt of a call and
 * all of its retries, and for nothing else. 43 characters.
 *
 * @param owner names the owner; `''` for nobody
 * @throws RangeError for arguments that nest too deeply
 */
export function bindingOf (owner: string, { method, params = {} }: Request): string {
  const { name = null, uri = null, arguments: given = {} } = params
  return digestOf([owner, method, name, uri, canonical(given)])
}

/** SHA-256 over parts. As a list of JSON, none can run into the next. */
export function digestOf (parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
}
