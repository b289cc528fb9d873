import type { Leg } from './leg.js'

/** A leg with the calls that use it. */
export interface Slot {
  readonly key: string
  leg: Leg | undefined
  /** Resolves when `leg` is there. */
  readonly ready: Promise<Leg>
  calls: number
}

/** The legs of a bounded number of keys. The one that was unused for longest makes room; one with calls never does. */
export class Legs {
  /** From the least to the most recently used one. */
  readonly #slots = new Map<string, Slot>()

  constructor (
    private readonly max: number,
    private readonly open: (key: string) => Promise<Leg>,
    private readonly dropped: (leg: Leg) => void
  ) {}

  /** The slot of a key, now with one more call. Undefined when every key has calls, so that there is no room. */
  use (key: string): Slot | undefined {
    const known = this.#slots.get(key)
    if (known !== undefined && known.leg?.isClosed !== true) {
      if (this.#slots.size > 1) this.#slots.delete(key)
      this.#slots.set(key, known)
      known.calls++
      return known
    }
    // The application has closed the server.
    if (known?.leg !== undefined) this.dropped(known.leg)
    this.#slots.delete(key)
    if (this.#slots.size >= this.max && !this.#makeRoom()) return undefined
    return this.#add(key)
  }

  /** All legs that are there. */
  all (): Leg[] {
    return Array.from(this.#slots.values(), ({ leg }) => leg).filter(leg => leg !== undefined)
  }

  /** Ends one call of a slot. */
  release (slot: Slot): void {
    slot.calls--
  }

  /** Lets go of all legs. */
  clear (): Leg[] {
    const legs = this.all()
    this.#slots.clear()
    return legs
  }

  #add (key: string): Slot {
    const ready = this.open(key)
    const slot: Slot = { key, leg: undefined, ready, calls: 1 }
    this.#slots.set(key, slot)
    ready.then(leg => {
      slot.leg = leg
      if (this.#slots.get(key) !== slot) this.dropped(leg)
    }, () => {
      // The next call of the key tries again.
      if (this.#slots.get(key) === slot) this.#slots.delete(key)
    })
    return slot
  }

  #makeRoom (): boolean {
    for (const { key, leg, calls } of this.#slots.values()) {
      if (calls > 0) continue
      this.#slots.delete(key)
      if (leg !== undefined) this.dropped(leg)
      return true
    }
    return false
  }
}
