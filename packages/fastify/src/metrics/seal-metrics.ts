import { type Codec, type SealingKeys, isHoldfastError } from '@holdfast/core'
import { Counter } from './counter.js'

/** Counts seals that are made and opened, by key. */
export class SealMetrics {
  readonly #seals = new Counter('holdfast_seals_total')
  readonly #opens = new Counter('holdfast_opens_total')
  readonly #failures = new Counter('holdfast_open_failures_total')
  readonly sources = {
    holdfast_seals_total: this.#seals,
    holdfast_opens_total: this.#opens,
    holdfast_open_failures_total: this.#failures
  }

  /** A codec that passes every call on, and counts it. A codec without keys has nothing to count. */
  counted (codec: Codec): Codec {
    const { keys } = codec
    if (keys === undefined) return codec
    const sealed = (sealed: Uint8Array): Uint8Array => count(this.#seals, keys, sealed, sealed)
    return {
      keys,
      seal: (plaintext, place) => after(codec.seal(plaintext, place), sealed),
      open: (bytes, place) => {
        // A key is counted only after it has opened a seal: the key id in a seal proves nothing.
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

type Bytes = Uint8Array | Promise<Uint8Array>

function after (result: Bytes, then: (bytes: Uint8Array) => Uint8Array): Bytes {
  return result instanceof Promise ? result.then(then) : then(result)
}

function count (counter: Counter, keys: SealingKeys, sealed: Uint8Array, result: Uint8Array): Uint8Array {
  counter.add(keys.of(sealed))
  return result
}
