import { InvalidKeyError } from './errors.js'
import type { Key } from './key.js'
import type { KeyProvider } from './key-provider.js'
import { isProvider, type Keys, type KeySpec, readKey, readSpecs } from './key-spec.js'
import type { KeyState } from './key-state.js'
import { KmsKey } from './kms-key.js'
import { LocalKey } from './local-key.js'
import { pseudorandomKey } from './message.js'

/** Each key of a keyring with its state, by id. */
export type KeySet = ReadonlyMap<string, { readonly key: Key, readonly state: KeyState }>

/** Gives an envelope the keys of a keyring. It is not part of the public API. */
export let keysOf: (keyring: Keyring) => { active: Key, all: KeySet }

/** Settings of a {@link Keyring}. */
export interface KeyringOptions {
  /** The clock for the age of data keys: milliseconds from any moment on, never set back. Default `performance.now`. */
  now?: () => number
}

/**
 * The keys that an envelope seals and opens with. The first active key seals. Each value opens with the key that it
 * names. A keyring shows no keys, however it is printed.
 */
export class Keyring {
  readonly #now: () => number
  #active: Key
  #all: KeySet

  static {
    keysOf = keyring => ({ active: keyring.#active, all: keyring.#all })
  }

  /** Throws an {@link InvalidKeyError} that names the place of a wrong key, even if all others are good. */
  constructor (keys: Keys, { now = () => performance.now() }: KeyringOptions = {}) {
    this.#now = now
    this.#all = this.#read(keys)
    this.#active = firstActive(this.#all)
  }

  /** The id of the key that seals. */
  get active (): string { return this.#active.id }

  /** All keys in their order. */
  get ids (): { id: string, state: KeyState }[] {
    return Array.from(this.#all, ([id, { state }]) => ({ id, state }))
  }

  /**
   * Replaces all keys at once: from now on, these keys seal and open. Providers that are in both sets keep their data
   * keys. Throws as the constructor does; then nothing has changed.
   */
  replace (keys: Keys): void {
    const all = this.#read(keys, this.#all)
    this.#active = firstActive(all)
    this.#all = all
  }

  /**
   * Drops a key: from now on, the values that it sealed have an unknown key. An unknown id is ignored. Throws an
   * {@link InvalidKeyError} for the id of the active key.
   */
  drop (id: string): void {
    if (id === this.active) throw new InvalidKeyError('id', 'is the id of the active key')
    this.#all = new Map([...this.#all].filter(([other]) => other !== id))
  }

  #read (keys: Keys, previous: KeySet = new Map()): KeySet {
    const locals: [LocalKey, number][] = []
    return new Map(readSpecs(keys).map((spec, i) => {
      const state = spec.state ?? (i === 0 ? 'active' : 'decrypt-only')
      const key = isProvider(spec) ? this.#readProvider(spec, previous) : readLocal(spec, i, locals)
      return [spec.id, { key, state }]
    }))
  }

  #readProvider (provider: KeyProvider, previous: KeySet): KmsKey {
    const known = previous.get(provider.id)?.key
    return known instanceof KmsKey && known.isOf(provider) ? known : new KmsKey(provider, this.#now)
  }
}

function readLocal ({ id, key }: KeySpec, i: number, others: [LocalKey, number][]): LocalKey {
  const path = `keys[${i}].key`
  const bytes = readKey(key, path)
  const local = new LocalKey(id, pseudorandomKey(bytes))
  bytes.fill(0)
  const [, same] = others.find(([other]) => other.equals(local)) ?? []
  if (same !== undefined) throw new InvalidKeyError(path, `is the same key as keys[${same}]`)
  others.push([local, i])
  return local
}

function firstActive (all: KeySet): Key {
  for (const { key, state } of all.values()) if (state === 'active') return key
  throw new InvalidKeyError('keys', 'expected an active key')
}
