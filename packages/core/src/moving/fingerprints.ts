import type { StreamHead } from '../backend.js'
import type { RecordHead, RecordKey } from '../record.js'

/** How far a record and its streams have come, without bodies: enough to notice a change. */
export interface WholeHead {
  head: Pick<RecordHead, 'key' | 'version' | 'usedAt'>
  streams: ReadonlyArray<Omit<StreamHead, 'key'>>
}

/**
 * Remembers the state in which records were copied, in 24 to 48 bytes each. This is enough to notice later which
 * records have changed or gone.
 */
export class Fingerprints {
  /**
   * A hash table with slots of two numbers: a hash of the key, 0 in a free slot; and a hash of the state, negative
   * until the record is seen again.
   */
  #slots = new Float64Array(2 * 1024)
  #size = 0
  #unseen = 0

  /** How many added records have not been seen again. */
  get unseen (): number { return this.#unseen }

  /** Adds a record, unless it was added before. */
  add (whole: WholeHead): void {
    if (this.has(whole.head.key)) return
    if (3 * ++this.#size > this.#slots.length) this.#grow()
    this.#unseen++
    this.#put(hash(whole.head.key), -stateOf(whole))
  }

  has (key: RecordKey): boolean {
    return this.#slots[this.#find(hash(key))] !== 0
  }

  /** Marks a record as seen again. @returns whether it was added in exactly this state */
  markSeen (whole: WholeHead): boolean {
    const slot = this.#find(hash(whole.head.key))
    const [known, state] = [this.#slots[slot + 1] as number, stateOf(whole)]
    if (known < 0) this.#unseen--
    this.#slots[slot + 1] = Math.abs(known)
    return Math.abs(known) === state
  }

  #find (key: number): number {
    const slots = this.#slots
    let slot = 2 * (key % (slots.length / 2))
    while (slots[slot] !== 0 && slots[slot] !== key) slot = (slot + 2) % slots.length
    return slot
  }

  #put (key: number, state: number): void {
    const slot = this.#find(key)
    this.#slots[slot] = key
    this.#slots[slot + 1] = state
  }

  #grow (): void {
    const old = this.#slots
    this.#slots = new Float64Array(2 * old.length)
    for (let slot = 0; slot < old.length; slot += 2) {
      if (old[slot] !== 0) this.#put(old[slot] as number, old[slot + 1] as number)
    }
  }
}

function stateOf ({ head: { version, usedAt }, streams }: WholeHead): number {
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
