/** What a record, a stream and an event take besides their bodies, at most. */
export const RECORD_BYTES = 512
export const STREAM_BYTES = 512
export const EVENT_BYTES = 64

/** Who holds some of the bytes. */
interface Holder {
  readonly name: string
  bytes: number
}

/**
 * Counts the bytes that are stored against the bound of the backend, and against the half of it that one owner may
 * hold.
 */
export class Room<Owner extends Holder> {
  #used = 0

  /**
   * @param giveWay drops something dispensable, of an owner or of whoever has most; false when there is nothing left to
   * drop
   * @param changed told of an owner whenever its bytes are others
   */
  constructor (
    private readonly max: number,
    private readonly giveWay: (owner?: Owner) => boolean,
    private readonly changed: (owner: Owner) => void
  ) {}

  /**
   * Takes bytes for an owner, unless there is no room even after dropping what is dispensable. Nobody's share has no
   * bound.
   */
  take (owner: Owner, bytes: number): 'taken' | 'owner-full' | 'full' {
    const share = owner.name === '' ? Infinity : Math.floor(this.max / 2)
    while (owner.bytes + bytes > share) if (!this.giveWay(owner)) return 'owner-full'
    while (this.#used + bytes > this.max) if (!this.giveWay()) return 'full'
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
