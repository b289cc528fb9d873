import type { StreamHead } from '../backend.js'
import type { RecordHead, RecordKey } from '../record.js'

/** A record and its streams, as far as a change of either shows. */
export interface Look {
  head: Pick<RecordHead, 'key' | 'version' | 'usedAt'>
  streams: ReadonlyArray<Omit<StreamHead, 'key'>>
}

/**
 * Remembers what sessions were like when they were copied, in 24 to 48 bytes each: enough to see
 * what has changed or gone since.
 */
export class Ledger {
  /**
   * Places of two numbers: a hash of the key, 0 where the place is free, and one of the state,
   * negative until it is seen again.
   */
  #places = new Float64Array(2 * 1024)
  #size = 0
  #unseen = 0

  /** How many of those that were noted have not been seen since. */
  get unseen (): number { return this.#unseen }

  /** For a session that was not seen yet. */
  note (look: Look): void {
    if (this.has(look.head.key)) return
    if (3 * ++this.#size > this.#places.length) this.#grow()
    this.#unseen++
    this.#put(hash(look.head.key), -stateOf(look))
  }

  has (key: RecordKey): boolean {
    return this.#places[this.#find(hash(key))] !== 0
  }

  /** Whether it was noted just as it is now. */
  sees (look: Look): boolean {
    const place = this.#find(hash(look.head.key))
    const [known, state] = [this.#places[place + 1] as number, stateOf(look)]
    if (known < 0) this.#unseen--
    this.#places[place + 1] = Math.abs(known)
    return Math.abs(known) === state
  }

  #find (key: number): number {
    const places = this.#places
    let place = 2 * (key % (places.length / 2))
    while (places[place] !== 0 && places[place] !== key) place = (place + 2) % places.length
    return place
  }

  #put (key: number, state: number): void {
    const place = this.#find(key)
    this.#places[place] = key
    this.#places[place + 1] = state
  }

  #grow (): void {
    const old = this.#places
    this.#places = new Float64Array(2 * old.length)
    for (let place = 0; place < old.length; place += 2) {
      if (old[place] !== 0) this.#put(old[place] as number, old[place + 1] as number)
    }
  }
}

function stateOf ({ head: { version, usedAt }, streams }: Look): number {
  const ends = streams.map(({ name, last, ended, delivered }) => `${name} ${last} ${ended} ${delivered}`)
  return hash(`${version} ${usedAt} ${ends.sort().join()}`)
}

/** 52 bits, never 0. */
function hash (text: string): number {
  let [one, two] = [0x811c9dc5, 0x9e3779b9]
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    one = Math.imul(one ^ code, 0x01000193)
    two = Math.imul(two ^ code ^ two >>> 15, 0x85ebca6b)
  }
  return (one >>> 6) * 2 ** 26 + (two >>> 6) + 1
}
