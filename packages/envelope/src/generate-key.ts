import { randomBytes } from 'node:crypto'
import { InvalidKeyError } from './errors.js'
import { KEY_ID } from './layout.js'
import { KEY_SIZE } from './message.js'

/**
 * Makes a new key, in the form of an entry of a keyring: `id:base64`. It is secret: it opens everything that is sealed
 * under it.
 *
 * @param id default: the date in UTC and four random hex digits, as in `20261121-3f9a`
 */
export function generateKey (id: string = newId()): string {
  if (!KEY_ID.test(id)) throw new InvalidKeyError('id', 'expected 1 to 16 of A-Z a-z 0-9 . _ -')
  return `${id}:${randomBytes(KEY_SIZE).toString('base64')}`
}

function newId (): string {
  return `${new Date().toISOString().slice(0, 10).replaceAll('-', '')}-${randomBytes(2).toString('hex')}`
}
