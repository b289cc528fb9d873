/** The overhead of a record, a stream and an event besides their bodies, at most. */
export const RECORD_BYTES = 512
export const STREAM_BYTES = 512
export const EVENT_BYTES = 64

/** An owner that holds bytes of the budget. */
interface Holder {
  readonly name: string
  bytes: number
}

/**
 * Counts the stored bytes against two bounds: that of the backend, and the half of it that one owner may hold.
 */
export class ByteBudget<Owner extends Holder> {
  #used = 0

  /**
   * @param evict drops an ended stream of this owner, or of the owner with the most bytes; returns false when there is
   * none left
   * @param changed called with an owner after each change of its bytes
   */
  constructor (
    private readonly max: number,
    private readonly evict: (owner?: Owner) => boolean,
    private readonly changed: (owner: Owner) => void
  ) {}

  /**
   * Takes bytes for an owner, and evicts where needed. Takes nothing when they do not fit even then. The share of
   * nobody (`''`) has no bound of its own.
   */
  take (owner: Owner, bytes: number): 'taken' | 'owner-full' | 'full' {
    const share = owner.name === '' ? Infinity : Math.floor(this.max / 2)
    while (owner.bytes + bytes > share) if (!this.evict(owner)) return 'owner-full'
    while (this.#used + bytes > this.max) if (!this.evict()) return 'full'
    this.#add(owner, bytes)
    return 'taken'
  }

  free (owner: Owner, bytes: number): void {
    this.#add(owner, -bytes)
  }

  #add (owner: Owner, bytes: number): void {
    this.#used += bytes
    owner.bytes += bytes
    this.changed(owner)
  }
}
