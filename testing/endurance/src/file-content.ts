import type { Change } from './disk-trace.js'

/** Bytes that a disk writes whole or not at all. */
const SECTOR = 512

/** The content of a file. */
export class Content {
  #room = Buffer.alloc(0)
  #length = 0

  get bytes (): Buffer {
    return this.#room.subarray(0, this.#length)
  }

  /** @param lasts whether the next sector of a change reaches the disk. A truncation counts as one */
  apply (change: Change, lasts: () => boolean = () => true): void {
    if (change.what === 'truncate') {
      if (lasts()) this.#resize(change.length)
      return
    }
    const { at, bytes } = change
    const end = at + bytes.length
    this.#resize(Math.max(this.#length, end))
    for (let from = at, to; from < end; from = to) {
      to = Math.min(end, from - from % SECTOR + SECTOR)
      if (lasts()) bytes.copy(this.#room, from, from - at, to - at)
    }
  }

  copy (): Content {
    const copy = new Content()
    copy.#room = Buffer.from(this.bytes)
    copy.#length = this.#length
    return copy
  }

  #resize (length: number): void {
    if (length > this.#room.length) {
      const room = Buffer.alloc(2 * length)
      this.bytes.copy(room)
      this.#room = room
    }
    // What is cut off, and added again, is zero.
    if (length < this.#length) this.#room.fill(0, length, this.#length)
    this.#length = length
  }
}
