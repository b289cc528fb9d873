import { type Ranked, Recency } from './lru-list.js'

/** Places of one owner that may go to others, the longest idle first. */
interface Group<T> extends Ranked<Group<T>> {
  readonly owner: string
  readonly places: Recency<Place<T>>
  count: number
  /** Under which number of places it is ranked; 0 while it is empty. */
  rank: number
}

/** What one owner has of the places. */
interface Share<T> {
  /** Places that it has, whatever happens in them. */
  places: number
  /** Those that only its own doing frees, and those that are being left. */
  busy: number
  readonly idle: Group<T>
  readonly asking: Group<T>
}

/** Who has the most places, among those that have some to give. */
class Ranking<T> {
  readonly #ranks: Array<Recency<Group<T>>> = []
  #highest = 0

  /** Puts a group where its owner's number of places belongs. */
  put (group: Group<T>, places: number): void {
    const rank = group.count === 0 ? 0 : places
    if (rank === group.rank) return
    if (group.rank > 0) this.#ranks[group.rank]?.delete(group)
    group.rank = rank
    if (rank === 0) return
    const ranked = this.#ranks[rank] ??= new Recency()
    ranked.use(group)
    this.#highest = Math.max(this.#highest, rank)
  }

  /** The most places first. */
  * [Symbol.iterator] (): Generator<Group<T>> {
    while (this.#highest > 0 && this.#ranks[this.#highest]?.oldest === undefined) this.#highest--
    for (let rank = this.#highest; rank > 0; rank--) yield * this.#ranks[rank] ?? []
  }
}

/**
 * - `busy`: something runs there.
 * - `idle`: anybody's who needs a place.
 * - `asking`: its server waits for its client. It goes to other owners, when nothing is idle.
 * - `leaving`: it is nobody's place any more, but its server is still being let go.
 */
type PlaceState = 'none' | 'busy' | 'idle' | 'asking' | 'leaving'

/** A place for one server object, from before it is made until it is let go. */
export class Place<T> implements Ranked<Place<T>> {
  declare older?: Place<T> | undefined
  declare newer?: Place<T> | undefined
  /** Undefined before the place is taken, and after it was given back. */
  share: Share<T> | undefined
  state: PlaceState = 'none'

  constructor (readonly owner: string, readonly item: T) {}

  get busy (): boolean { return this.state === 'busy' }
}

/**
 * The places for live sessions, shared by owners. Idle ones are anybody's: the owner with the most places gives its
 * longest idle one. Busy ones stay, so an owner may have at most half of all as busy ones, and leaves the last eighth
 * to owners that have none. What an owner's servers take to be let go is its own: until then they count as its busy
 * ones. All in constant time.
 */
export class LivePlaces<T> {
  readonly #shares = new Map<string, Share<T>>()
  readonly #idle = new Ranking<T>()
  readonly #asking = new Ranking<T>()
  readonly #half: number
  readonly #reserved: number
  #taken = 0
  #busy = 0
  #leaving = 0

  /** @param stays whether an idle item must not be let go just now */
  constructor (private readonly size: number, private readonly stays: (item: T) => boolean) {
    this.#half = Math.ceil(size / 2)
    this.#reserved = Math.floor(size / 8)
  }

  /**
   * Takes a place as a busy one, if there is one. What `leaves` for it has lost its own: it must be let go, and then
   * given back.
   */
  take (place: Place<T>): { leaves?: T } | undefined {
    // Servers that are being let go are server objects still.
    if (!this.#mayBeBusy(place.owner) || this.#taken + this.#leaving >= 2 * this.size) return undefined
    const taken: { leaves?: T } = {}
    if (this.#taken >= this.size) {
      const leaving = this.#longestIdle(place.owner)
      if (leaving === undefined) return undefined
      this.leave(leaving)
      taken.leaves = leaving.item
    }
    let share = this.#shares.get(place.owner)
    if (share === undefined) this.#shares.set(place.owner, share = newShare(place.owner))
    this.#taken++
    share.places++
    place.share = share
    this.#enter(place, share, 'busy')
    this.#rank(share)
    return taken
  }

  /**
   * Makes an idle place busy. False when its owner has its share of busy ones, which some use cannot wait for:
   * `anyway`.
   */
  occupy (place: Place<T>, anyway = false): boolean {
    const { share, state } = place
    if (share === undefined || state === 'busy' || state === 'leaving') return true
    if (!anyway && !this.#mayBeBusy(place.owner)) return false
    this.#move(place, share, 'busy')
    return true
  }

  /** Nothing runs in the place, since now; its server may be `asking` its client something. */
  rest (place: Place<T>, asking = false): void {
    const { share, state } = place
    if (share !== undefined && state !== 'leaving') this.#move(place, share, asking ? 'asking' : 'idle')
  }

  /** Others may have the place; its owner must wait until it is given back. */
  leave (place: Place<T>): void {
    const { share, state } = place
    if (share === undefined || state === 'leaving') return
    this.#taken--
    share.places--
    this.#move(place, share, 'leaving')
  }

  giveBack (place: Place<T>): void {
    this.leave(place)
    const { share } = place
    if (share === undefined) return
    this.#exit(place, share)
    place.state = 'none'
    place.share = undefined
    if (share.places === 0 && share.busy === 0) this.#shares.delete(place.owner)
  }

  #mayBeBusy (owner: string): boolean {
    const busy = this.#shares.get(owner)?.busy ?? 0
    return busy < this.#half && this.#busy < (busy === 0 ? this.size : this.size - this.#reserved)
  }

  #move (place: Place<T>, share: Share<T>, state: Exclude<PlaceState, 'none'>): void {
    this.#exit(place, share)
    this.#enter(place, share, state)
    this.#rank(share)
  }

  #enter (place: Place<T>, share: Share<T>, state: Exclude<PlaceState, 'none'>): void {
    place.state = state
    if (state === 'idle' || state === 'asking') {
      share[state].places.use(place)
      share[state].count++
      return
    }
    share.busy++
    if (state === 'busy') this.#busy++
    else this.#leaving++
  }

  #exit (place: Place<T>, share: Share<T>): void {
    const { state } = place
    if (state === 'idle' || state === 'asking') {
      share[state].places.delete(place)
      share[state].count--
      return
    }
    share.busy--
    if (state === 'busy') this.#busy--
    else this.#leaving--
  }

  #rank (share: Share<T>): void {
    this.#idle.put(share.idle, share.places)
    this.#asking.put(share.asking, share.places)
  }

  #longestIdle (owner: string): Place<T> | undefined {
    for (const { places } of this.#idle) {
      const place = places.find(({ item }) => !this.stays(item))
      if (place !== undefined) return place
    }
    for (const group of this.#asking) {
      const place = group.owner === owner ? undefined : group.places.find(({ item }) => !this.stays(item))
      if (place !== undefined) return place
    }
    return undefined
  }
}

function newShare<T> (owner: string): Share<T> {
  const group = (): Group<T> => ({ owner, places: new Recency(), count: 0, rank: 0 })
  return { places: 0, busy: 0, idle: group(), asking: group() }
}
