/** What a record, a stream and an event take besides their bodies, at most. */
export const RECORD_BYTES = 512
export const STREAM_BYTES = 512
export const EVENT_BYTES = 64

/** Counts the bytes that are stored against the bound of the backend. */
export class Room {
  #used = 0

  /** @param giveWay drops something dispensable and returns its bytes, 0 when there is nothing left to drop */
  constructor (private readonly max: number, private readonly giveWay: () => number) {}

  /** False when there is not enough, even after dropping what is dispensable. */
  take (bytes: number): boolean {
    while (this.#used + bytes > this.max) {
      const freed = this.giveWay()
      if (freed === 0) return false
      this.#used -= freed
    }
    this.#used += bytes
    return true
  }

  free (bytes: number): void {
    this.#used -= bytes
  }
}
