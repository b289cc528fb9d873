import { expiresAt } from '@holdfast/core'
import type { OwnedEntry } from './owners.js'
import { RingNode } from './ring-node.js'

const SLOTS = 4096
const SECOND = 1000

/**
 * The expiry index: a timing wheel with one slot per second, for a little over an hour. It is lazy: using a record does
 * not move it. So the records of a slot only seem to be due; those that are still alive are put back. A record that
 * expires later than the wheel reaches is looked at once an hour.
 */
export class ExpiryWheel {
  readonly #slots = Array.from({ length: SLOTS }, () => new RingNode())
  /** All slots up to and including this second are empty. */
  #second: number

  constructor (now: number) {
    this.#second = Math.floor(now / SECOND)
  }

  /** Puts the record into the slot of the first second at whose start it has expired, or the nearest future slot. */
  add (entry: OwnedEntry, now: number): void {
    this.#followClock(now)
    const due = Math.ceil(expiresAt(entry) / SECOND)
    this.#slot(Math.min(Math.max(due, this.#second + 1), this.#second + SLOTS - 1)).append(entry)
  }

  /** Takes out a record that seems to be due. The caller puts it back or deletes it. */
  take (now: number): OwnedEntry | undefined {
    const slot = this.#due(now)
    const entry = slot?.later as OwnedEntry | undefined
    entry?.leaveRing()
    return entry
  }

  isDue (now: number): boolean {
    return this.#due(now) !== undefined
  }

  #due (now: number): RingNode | undefined {
    this.#followClock(now)
    const end = Math.floor(now / SECOND)
    this.#second = Math.max(this.#second, end - SLOTS) // One turn visits every slot.
    for (; this.#second < end; this.#second++) {
      const slot = this.#slot(this.#second + 1)
      if (slot.later !== slot) return slot
    }
    return undefined
  }

  /** Moves back when the clock was set back. */
  #followClock (now: number): void {
    this.#second = Math.min(this.#second, Math.floor(now / SECOND))
  }

  #slot (second: number): RingNode {
    return this.#slots[second & (SLOTS - 1)] as RingNode
  }
}
