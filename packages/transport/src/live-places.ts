import { Recency, type Ranked } from './recency.js'

/** What one owner has of the places. */
interface Share<T> extends Ranked<Share<T>> {
  places: number
  busy: number
  /** The longest idle first. */
  readonly idle: Recency<Place<T>>
  /** Idle places among them. */
  idleCount: number
  /** Under which number of places it is ranked; 0 while none of its places is idle. */
  rank: number
}

/** A place for one server object, from before it is made until it is let go. */
export class Place<T> implements Ranked<Place<T>> {
  declare older?: Place<T> | undefined
  declare newer?: Place<T> | undefined
  /** Undefined before the place is taken, and after it was given back. */
  share: Share<T> | undefined
  busy = false

  constructor (readonly owner: string, readonly item: T) {}
}

/**
 * The places for live sessions, shared by owners. Idle ones are anybody's: the owner with the most places gives its longest idle one. Busy ones
 * stay, so an owner may have at most half of all as busy ones, and leaves the last eighth to owners that have none. All in constant time.
 */
export class LivePlaces<T> {
  readonly #shares = new Map<string, Share<T>>()
  /** Owners with idle places, by how many places they have. */
  readonly #ranks: Array<Recency<Share<T>>> = []
  readonly #half: number
  readonly #reserved: number
  #highest = 0
  #taken = 0
  #busy = 0

  /** @param stays whether an idle item must not be let go just now */
  constructor (private readonly size: number, private readonly stays: (item: T) => boolean) {
    this.#half = Math.ceil(size / 2)
    this.#reserved = Math.floor(size / 8)
  }

  /** Takes a place as a busy one, if there is one. What `leaves` for it has lost its own. */
  take (place: Place<T>): { leaves?: T } | undefined {
    if (!this.#mayBeBusy(place.owner)) return undefined
    const taken: { leaves?: T } = {}
    if (this.#taken >= this.size) {
      const leaving = this.#longestIdle()
      if (leaving === undefined) return undefined
      this.giveBack(leaving)
      taken.leaves = leaving.item
    }
    let share = this.#shares.get(place.owner)
    if (share === undefined) this.#shares.set(place.owner, share = { places: 0, busy: 0, idle: new Recency(), idleCount: 0, rank: 0 })
    this.#taken++
    this.#busy++
    share.places++
    share.busy++
    place.share = share
    place.busy = true
    this.#rank(share)
    return taken
  }

  /** Makes an idle place busy. False when its owner has its share of busy ones, which some use cannot wait for: `anyway`. */
  occupy (place: Place<T>, anyway = false): boolean {
    const { share } = place
    if (share === undefined || place.busy) return true
    if (!anyway && !this.#mayBeBusy(place.owner)) return false
    this.#leaveIdle(place, share)
    this.#busy++
    share.busy++
    place.busy = true
    return true
  }

  /** The place is idle, since now. */
  rest (place: Place<T>): void {
    const { share } = place
    if (share === undefined) return
    if (place.busy) {
      this.#busy--
      share.busy--
      place.busy = false
      share.idleCount++
    }
    share.idle.use(place)
    if (share.rank === 0) this.#rank(share)
  }

  giveBack (place: Place<T>): void {
    const { share } = place
    if (share === undefined) return
    if (place.busy) {
      this.#busy--
      share.busy--
    } else {
      this.#leaveIdle(place, share)
    }
    place.share = undefined
    place.busy = false
    this.#taken--
    if (--share.places === 0) this.#shares.delete(place.owner)
    this.#rank(share)
  }

  #mayBeBusy (owner: string): boolean {
    const busy = this.#shares.get(owner)?.busy ?? 0
    return busy < this.#half && this.#busy < (busy === 0 ? this.size : this.size - this.#reserved)
  }

  #leaveIdle (place: Place<T>, share: Share<T>): void {
    share.idle.delete(place)
    if (--share.idleCount === 0) this.#rank(share)
  }

  /** Puts an owner where its number of places belongs. */
  #rank (share: Share<T>): void {
    const rank = share.idleCount === 0 ? 0 : share.places
    if (rank === share.rank) return
    if (share.rank > 0) this.#ranks[share.rank]?.delete(share)
    share.rank = rank
    if (rank === 0) return
    const ranked = this.#ranks[rank] ??= new Recency()
    ranked.use(share)
    this.#highest = Math.max(this.#highest, rank)
  }

  #longestIdle (): Place<T> | undefined {
    if (this.#taken === this.#busy) return undefined
    while (this.#highest > 0 && this.#ranks[this.#highest]?.oldest === undefined) this.#highest--
    for (let rank = this.#highest; rank > 0; rank--) {
      for (const { idle } of this.#ranks[rank] ?? []) {
        const place = idle.find(({ item }) => !this.stays(item))
        if (place !== undefined) return place
      }
    }
    return undefined
  }
}
