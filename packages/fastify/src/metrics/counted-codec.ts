import { type Codec, type SealingKeys, isHoldfastError } from '@holdfast/core'
import type { Counter } from './counter.js'

export interface SealCounters {
  /** By key. */
  seals: Counter
  /** By key. A key is counted once it has opened something: what a seal says of itself proves nothing. */
  opens: Counter
  /** By reason. */
  failures: Counter
}

/** A codec that does what another one does, and counts it. One without keys has nothing to count, and stays what it is. */
export function countedCodec (codec: Codec, { seals, opens, failures }: SealCounters): Codec {
  const { keys } = codec
  if (keys === undefined) return codec
  const fail = (error: unknown): never => {
    failures.add(isHoldfastError(error, 'HOLDFAST_KEY_UNAVAILABLE') ? 'key_unavailable' : 'broken')
    throw error
  }
  return {
    keys,
    seal: (plaintext, place) => {
      const sealed = codec.seal(plaintext, place)
      return sealed instanceof Promise ? sealed.then(sealed => counted(seals, keys, sealed)) : counted(seals, keys, sealed)
    },
    open: (sealed, place) => {
      const opened = attempt(() => codec.open(sealed, place), fail)
      if (opened instanceof Promise) {
        return opened.then(plaintext => {
          counted(opens, keys, sealed)
          return plaintext
        }, fail)
      }
      counted(opens, keys, sealed)
      return opened
    }
  }
}

function attempt<T> (work: () => T, fail: (error: unknown) => never): T {
  try {
    return work()
  } catch (error) {
    return fail(error)
  }
}

function counted (counter: Counter, keys: SealingKeys, sealed: Uint8Array): Uint8Array {
  counter.add(keys.of(sealed))
  return sealed
}
