import { KeyObject } from 'node:crypto'
import { types } from 'node:util'
import { InvalidKeyError } from './errors.js'
import type { KeyProvider } from './key-provider.js'
import type { KeyState } from './key-state.js'
import { KEY_ID } from './layout.js'
import { KEY_SIZE } from './message.js'

/** A key in this process. */
export interface KeySpec {
  /** The id of the key, which sealed values carry: 1 to 16 of `A-Z a-z 0-9 . _ -`. */
  id: string
  /** 32 bytes, or their base64, base64url or lower-case hex. */
  key: string | Uint8Array | KeyObject
  /** Default: `'active'` for the first key of a keyring, `'decrypt-only'` for the others. */
  state?: KeyState
}

/** A text of `id:key` or `id:key:state`, separated by commas; an array of keys and providers; or one provider. */
export type Keys = string | readonly (KeySpec | KeyProvider)[] | KeyProvider

const STATES: ReadonlySet<unknown> = new Set<KeyState>(['active', 'decrypt-only', 'revoked'])
const FIELDS = new Set(['id', 'key', 'state'])
const ENCODINGS = ['base64', 'base64url', 'hex'] as const

/**
 * The keys as an array, with their ids, states and field names checked. Errors name the place of a key, never its id,
 * which might be a misplaced key.
 */
export function readSpecs (keys: Keys): (KeySpec | KeyProvider)[] {
  const specs = typeof keys === 'string'
    ? keys.split(',').map(readEntry)
    : Array.isArray(keys) ? [...keys] : isProvider(keys) ? [keys] : []
  if (specs.length === 0) {
    throw new InvalidKeyError('keys', 'expected a string, an array or a provider, with at least one key')
  }
  specs.forEach(checkSpec)
  return specs
}

export function isProvider (spec: unknown): spec is KeyProvider {
  return typeof spec === 'object' && spec !== null && 'wrap' in spec
}

/** The bytes of a key. The caller wipes them after use. */
export function readKey (key: unknown, path: string): Buffer {
  const bytes = typeof key === 'string'
    ? decode(key)
    : types.isUint8Array(key)
      ? Buffer.from(key)
      : key instanceof KeyObject && key.type === 'secret' ? key.export() : undefined
  if (bytes?.length !== KEY_SIZE) {
    throw new InvalidKeyError(path, 'expected 32 bytes, or their base64, base64url or lower-case hex')
  }
  if (isZero(bytes)) throw new InvalidKeyError(path, 'is all zero')
  return bytes
}

export function isZero (bytes: Uint8Array): boolean {
  return bytes.every(byte => byte === 0)
}

function readEntry (entry: string, i: number): KeySpec {
  const [id, key, state, more] = entry.trim().split(':')
  if (id === undefined || key === undefined || more !== undefined) {
    throw new InvalidKeyError(`keys[${i}]`, 'expected id:key or id:key:state')
  }
  return state === undefined ? { id, key } : { id, key, state: state as KeyState }
}

function checkSpec (spec: KeySpec | KeyProvider, i: number, all: readonly (KeySpec | KeyProvider)[]): void {
  const path = `keys[${i}]`
  if (typeof spec !== 'object' || spec === null) throw new InvalidKeyError(path, 'expected an object')
  if (isProvider(spec)) checkProvider(spec, path)
  else if (!Object.keys(spec).every(name => FIELDS.has(name))) {
    throw new InvalidKeyError(path, 'expected only the fields id, key and state')
  }
  if (typeof spec.id !== 'string' || !KEY_ID.test(spec.id)) {
    throw new InvalidKeyError(`${path}.id`, 'expected 1 to 16 of A-Z a-z 0-9 . _ -')
  }
  if (spec.state !== undefined && !STATES.has(spec.state)) {
    throw new InvalidKeyError(`${path}.state`, 'expected active, decrypt-only or revoked')
  }
  const same = all.findIndex(({ id }) => id === spec.id)
  if (same !== i) throw new InvalidKeyError(`${path}.id`, `is also the id of keys[${same}]`)
}

function checkProvider (provider: KeyProvider, path: string): void {
  for (const name of ['wrap', 'unwrap'] as const) {
    if (typeof provider[name] !== 'function') throw new InvalidKeyError(`${path}.${name}`, 'expected a function')
  }
  for (const name of ['maxAge', 'maxUses', 'timeout'] as const) {
    const limit: unknown = provider[name]
    if (limit !== undefined && !(typeof limit === 'number' && limit >= 1)) {
      throw new InvalidKeyError(`${path}.${name}`, 'expected a number of at least 1')
    }
  }
}

/** Node decodes nearly every text to some bytes, so the bytes must encode to the same text again. */
function decode (text: string): Buffer | undefined {
  for (const encoding of ENCODINGS) {
    const bytes = Buffer.from(text, encoding)
    if (bytes.length === KEY_SIZE && bytes.toString(encoding) === text) return bytes
    bytes.fill(0)
  }
  return undefined
}
