import { type Codec, type SealingKeys, isHoldfastError } from '@holdfast/core'
import { Counter } from './counter.js'

/** What is sealed and opened, by key. */
export class SealMetrics {
  readonly #seals = new Counter('holdfast_seals_total')
  readonly #opens = new Counter('holdfast_opens_total')
  readonly #failures = new Counter('holdfast_open_failures_total')
  readonly sources = { holdfast_seals_total: this.#seals, holdfast_opens_total: this.#opens, holdfast_open_failures_total: this.#failures }

  /** A codec that does what another one does, and counts it. One without keys has nothing to count, and stays what it is. */
  counted (codec: Codec): Codec {
    const { keys } = codec
    if (keys === undefined) return codec
    const sealed = (sealed: Uint8Array): Uint8Array => count(this.#seals, keys, sealed, sealed)
    return {
      keys,
      seal: (plaintext, place) => after(codec.seal(plaintext, place), sealed),
      open: (bytes, place) => {
        // A key is counted once it has opened something: what a seal says of itself proves nothing.
        const opened = (plaintext: Uint8Array): Uint8Array => count(this.#opens, keys, bytes, plaintext)
        try {
          const result = codec.open(bytes, place)
          return result instanceof Promise ? result.then(opened, this.#fail) : opened(result)
        } catch (error) {
          return this.#fail(error)
        }
      }
    }
  }

  readonly #fail = (error: unknown): never => {
    this.#failures.add(isHoldfastError(error, 'HOLDFAST_KEY_UNAVAILABLE') ? 'key_unavailable' : 'broken')
    throw error
  }
}

function after (result: Uint8Array | Promise<Uint8Array>, then: (bytes: Uint8Array) => Uint8Array): Uint8Array | Promise<Uint8Array> {
  return result instanceof Promise ? result.then(then) : then(result)
}

function count (counter: Counter, keys: SealingKeys, sealed: Uint8Array, result: Uint8Array): Uint8Array {
  counter.add(keys.of(sealed))
  return result
}
