import { type StoredRecord, isExpired } from '@holdfast/core'

/** A record that may be in a heap. */
interface HeapItem extends Pick<StoredRecord, 'usedAt' | 'idle' | 'deadline'> {
  /** Its index in the heap; -1 when it is in none. */
  heapIndex: number
}

/**
 * The records of an owner by their last use: a heap, with the longest unused record at its root. It is lazy: using a
 * record does not move it. So the heap knows a record's last use or an earlier time, and corrects it when the record
 * reaches the root.
 */
export class LastUseHeap<Entry extends HeapItem> {
  readonly #entries: Entry[] = []
  /** The last use of each record, as far as the heap knows. */
  readonly #known: number[] = []

  constructor (entries: Iterable<Entry>) {
    for (const entry of entries) this.add(entry)
  }

  add (entry: Entry): void {
    this.#entries.push(entry)
    this.#known.push(entry.usedAt)
    this.#siftUp(this.#entries.length - 1, entry, entry.usedAt)
  }

  remove (entry: Entry): void {
    const { heapIndex } = entry
    const [last, known] = [this.#entries.pop() as Entry, this.#known.pop() as number]
    entry.heapIndex = -1
    if (last === entry) return
    this.#siftUp(heapIndex, last, known)
    this.#siftDown(last.heapIndex, last, known)
  }

  /**
   * Living records that nobody has used for `unusedFor`, the longest unused first, at most `limit`. Looks at no more
   * than `most` records.
   */
  idlest (now: number, unusedFor: number, limit: number, most: number): Entry[] {
    const found: Entry[] = []
    const expired: Entry[] = []
    for (let looked = 0; looked < most && found.length < limit; looked++) {
      const [entry, known] = [this.#entries[0], this.#known[0] as number]
      if (entry === undefined || now - known < unusedFor) break
      if (entry.usedAt > known) {
        this.#siftDown(0, entry, entry.usedAt)
      } else {
        this.remove(entry)
        ;(isExpired(entry, now) ? expired : found).push(entry)
      }
    }
    for (const entry of [...found, ...expired]) this.add(entry)
    return found
  }

  #siftUp (place: number, entry: Entry, known: number): void {
    while (place > 0) {
      const above = (place - 1) >> 1
      if ((this.#known[above] as number) <= known) break
      this.#put(place, above)
      place = above
    }
    this.#set(place, entry, known)
  }

  #siftDown (place: number, entry: Entry, known: number): void {
    for (;;) {
      const left = 2 * place + 1
      const below = (this.#known[left + 1] ?? Infinity) < (this.#known[left] ?? Infinity) ? left + 1 : left
      if ((this.#known[below] ?? Infinity) >= known) break
      this.#put(place, below)
      place = below
    }
    this.#set(place, entry, known)
  }

  /** Copies the record at the index `other` to the index `place`. */
  #put (place: number, other: number): void {
    this.#set(place, this.#entries[other] as Entry, this.#known[other] as number)
  }

  #set (place: number, entry: Entry, known: number): void {
    this.#entries[place] = entry
    this.#known[place] = known
    entry.heapIndex = place
  }
}
