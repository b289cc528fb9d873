import { expiresAt } from '@holdfast/core'
import { Due } from './due.js'
import type { OwnedEntry } from './owners.js'

const SLOTS = 4096
const SECOND = 1000

/**
 * The expiry index: a slot per second, for a little over an hour. It is lazy: using a record does not move it, so what
 * a slot holds only looks due, and is put back when it is still in use. What expires later than the wheel reaches is
 * looked at once an hour.
 */
export class Wheel {
  readonly #slots = Array.from({ length: SLOTS }, () => new Due())
  /** The slots up to this second are empty. */
  #second: number

  constructor (now: number) {
    this.#second = Math.floor(now / SECOND)
  }

  /** In the slot of the second by whose beginning it has expired, or the nearest that is still to come. */
  add (entry: OwnedEntry, now: number): void {
    this.#follow(now)
    const due = Math.ceil(expiresAt(entry) / SECOND)
    this.#slot(Math.min(Math.max(due, this.#second + 1), this.#second + SLOTS - 1)).append(entry)
  }

  /** Takes out something that looks due; the caller puts it back or forgets it. */
  take (now: number): OwnedEntry | undefined {
    const slot = this.#due(now)
    const entry = slot?.later as OwnedEntry | undefined
    entry?.leave()
    return entry
  }

  isDue (now: number): boolean {
    return this.#due(now) !== undefined
  }

  #due (now: number): Due | undefined {
    this.#follow(now)
    const end = Math.floor(now / SECOND)
    this.#second = Math.max(this.#second, end - SLOTS) // One turn passes every slot.
    for (; this.#second < end; this.#second++) {
      const slot = this.#slot(this.#second + 1)
      if (slot.later !== slot) return slot
    }
    return undefined
  }

  /** Goes back when the clock was set back. */
  #follow (now: number): void {
    this.#second = Math.min(this.#second, Math.floor(now / SECOND))
  }

  #slot (second: number): Due {
    return this.#slots[second & (SLOTS - 1)] as Due
  }
}
