import type { KeyObject } from 'node:crypto'
import type { Key } from './key.js'
import { writePrefix } from './layout.js'
import type { RootKey } from './message.js'

/** A key in this process. */
export class LocalKey implements Key {
  readonly wraps = false
  readonly #root: RootKey

  constructor (readonly id: string, pseudorandom: KeyObject) {
    this.#root = { prefix: writePrefix(id), pseudorandom }
  }

  sealing (): RootKey {
    return this.#root
  }

  opening (): KeyObject {
    return this.#root.pseudorandom
  }

  equals (other: LocalKey): boolean {
    return this.#root.pseudorandom.equals(other.#root.pseudorandom)
  }
}
