import type { KeyObject } from 'node:crypto'

/** Keys that are kept. Beyond this, the least recently used key is dropped. */
const MAX_KEYS = 1_000

/**
 * Remembers the keys that a KMS has unwrapped, for a limited time. Concurrent callers share one call of the KMS.
 * Failures are not remembered.
 */
export class UnwrappedKeys {
  readonly #known = new Map<string, { key: KeyObject, since: number }>()
  readonly #asked = new Map<string, Promise<KeyObject | undefined>>()
  readonly #unwrap: (wrapped: Buffer) => Promise<KeyObject | undefined>
  readonly #maxAge: number
  readonly #now: () => number

  constructor (unwrap: (wrapped: Buffer) => Promise<KeyObject | undefined>, maxAge: number, now: () => number) {
    this.#unwrap = unwrap
    this.#maxAge = maxAge
    this.#now = now
  }

  add (wrapped: Uint8Array, key: KeyObject): void {
    this.#remember(nameOf(wrapped), key, this.#now())
  }

  get (wrapped: Buffer): KeyObject | Promise<KeyObject | undefined> {
    const name = nameOf(wrapped)
    const known = this.#known.get(name)
    if (known === undefined || this.#now() - known.since >= this.#maxAge) return this.#ask(name, wrapped)
    this.#remember(name, known.key, known.since)
    return known.key
  }

  #ask (name: string, wrapped: Buffer): Promise<KeyObject | undefined> {
    let asked = this.#asked.get(name)
    if (asked === undefined) {
      asked = this.#unwrap(Buffer.from(wrapped)).then(key => {
        if (key !== undefined) this.#remember(name, key, this.#now())
        return key
      }).finally(() => this.#asked.delete(name))
      this.#asked.set(name, asked)
    }
    return asked
  }

  #remember (name: string, key: KeyObject, since: number): void {
    this.#known.delete(name)
    this.#known.set(name, { key, since })
    if (this.#known.size > MAX_KEYS) this.#known.delete(this.#known.keys().next().value as string)
  }
}

function nameOf (wrapped: Uint8Array): string {
  return Buffer.from(wrapped.buffer, wrapped.byteOffset, wrapped.length).toString('latin1')
}
