import { type LruItem, LruList } from './lru-list.js'

/** Places of one owner that other owners may take, the longest idle first. */
interface Group<T> extends LruItem<Group<T>> {
  readonly owner: string
  readonly places: LruList<Place<T>>
  count: number
  /** The number of places under which the group is ranked; 0 while it is empty. */
  rank: number
}

/** The places of one owner. */
interface Share<T> {
  /** All of its places, in every state but `leaving`. */
  places: number
  /** Its busy and its leaving places. */
  busy: number
  readonly idle: Group<T>
  readonly asking: Group<T>
  readonly nobody: boolean
}

/** Ranks the groups that have places to give by the number of their owner's places. */
class Ranking<T> {
  readonly #ranks: Array<LruList<Group<T>>> = []
  #highest = 0

  /** Ranks a group by the number of its owner's places. */
  put (group: Group<T>, places: number): void {
    const rank = group.count === 0 ? 0 : places
    if (rank === group.rank) return
    if (group.rank > 0) this.#ranks[group.rank]?.delete(group)
    group.rank = rank
    if (rank === 0) return
    const ranked = this.#ranks[rank] ??= new LruList()
    ranked.use(group)
    this.#highest = Math.max(this.#highest, rank)
  }

  /** The groups of the owners with the most places come first. */
  * [Symbol.iterator] (): Generator<Group<T>> {
    while (this.#highest > 0 && this.#ranks[this.#highest]?.oldest === undefined) this.#highest--
    for (let rank = this.#highest; rank > 0; rank--) yield * this.#ranks[rank] ?? []
  }
}

/**
 * - `busy`: something runs in the server.
 * - `idle`: every owner that needs a place may take it.
 * - `asking`: the server waits for its client. Other owners may take the place when no place is idle, those of nobody
 *   first: each of these is an owner of its own, so nobody else could stand up to many of them.
 * - `leaving`: the owner has lost the place, but the server is still being closed.
 */
type PlaceState = 'none' | 'busy' | 'idle' | 'asking' | 'leaving'

/** A place for one server object, from the time before the server is made until it is closed. */
export class Place<T> implements LruItem<Place<T>> {
  declare older?: Place<T> | undefined
  declare newer?: Place<T> | undefined
  /** Undefined before the place is taken, and after it is given back. */
  share: Share<T> | undefined
  state: PlaceState = 'none'

  /**
   * @param owner with whom it shares
   * @param nobody whether its user has not said who it is, so that `owner` stands for this one place only
   */
  constructor (readonly owner: string, readonly item: T, readonly nobody = false) {}

  get busy (): boolean { return this.state === 'busy' }
}

/**
 * The places for live sessions, which all owners share. Every owner may take an idle place: the owner with the most
 * places gives up its longest idle one. Nobody can take a busy place. Therefore at most half of all places may be busy
 * places of one owner, and the last eighth is for owners that have no busy place. A server that is being closed counts
 * as a busy place of its owner until it is closed. Every operation takes constant time.
 */
export class LivePlaces<T> {
  readonly #shares = new Map<string, Share<T>>()
  readonly #idle = new Ranking<T>()
  readonly #asking = new Ranking<T>()
  readonly #askingOfNobody = new Ranking<T>()
  readonly #half: number
  readonly #reserved: number
  #taken = 0
  #busy = 0
  #leaving = 0

  /** @param stays whether an idle item must stay for the moment */
  constructor (private readonly size: number, private readonly stays: (item: T) => boolean) {
    this.#half = Math.ceil(size / 2)
    this.#reserved = Math.floor(size / 8)
  }

  /**
   * Takes a busy place, if there is one. An item that `leaves` for it has lost its own place: its server must be
   * closed, and then its place must be given back.
   */
  take (place: Place<T>): { leaves?: T } | undefined {
    // Servers that are being closed still take memory.
    if (!this.#mayBeBusy(place.owner) || this.#taken + this.#leaving >= 2 * this.size) return undefined
    const taken: { leaves?: T } = {}
    if (this.#taken >= this.size) {
      const leaving = this.#longestIdle(place.owner)
      if (leaving === undefined) return undefined
      this.leave(leaving)
      taken.leaves = leaving.item
    }
    let share = this.#shares.get(place.owner)
    if (share === undefined) this.#shares.set(place.owner, share = newShare(place))
    this.#taken++
    share.places++
    place.share = share
    this.#enter(place, share, 'busy')
    this.#rank(share)
    return taken
  }

  /**
   * Makes an idle place busy. False when its owner has its share of busy places already. `anyway` is for a use that
   * cannot wait.
   */
  occupy (place: Place<T>, anyway = false): boolean {
    const { share, state } = place
    if (share === undefined || state === 'busy' || state === 'leaving') return true
    if (!anyway && !this.#mayBeBusy(place.owner)) return false
    this.#move(place, share, 'busy')
    return true
  }

  /** Nothing runs in the place from now on. Its server may be `asking` its client something. */
  rest (place: Place<T>, asking = false): void {
    const { share, state } = place
    if (share !== undefined && state !== 'leaving') this.#move(place, share, asking ? 'asking' : 'idle')
  }

  /** Frees the place for other owners. For its own owner it counts as busy until it is given back. */
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
    const asking = share.nobody ? this.#askingOfNobody : this.#asking
    asking.put(share.asking, share.places)
  }

  #longestIdle (owner: string): Place<T> | undefined {
    for (const { places } of this.#idle) {
      const place = places.find(({ item }) => !this.stays(item))
      if (place !== undefined) return place
    }
    for (const ranking of [this.#askingOfNobody, this.#asking]) {
      for (const group of ranking) {
        const place = group.owner === owner ? undefined : group.places.find(({ item }) => !this.stays(item))
        if (place !== undefined) return place
      }
    }
    return undefined
  }
}

function newShare<T> ({ owner, nobody }: Place<T>): Share<T> {
  const group = (): Group<T> => ({ owner, places: new LruList(), count: 0, rank: 0 })
  return { places: 0, busy: 0, idle: group(), asking: group(), nobody }
}
