import { Readable } from 'node:stream'
import { KEEP_ALIVE, READ_AHEAD, pushPieces } from '@holdfast/transport'

export interface StreamSettings {
  /** Milliseconds between comments on a quiet response. */
  keepAlive: number
  /**
   * Characters that may wait for a slow reader. Beyond them, progress and log messages are lost; and a reader that
   * takes nothing for a second meanwhile is disconnected, and its call cancelled.
   */
  maxBuffered: number
  /** Milliseconds without progress after which a reader is disconnected, and its call cancelled. */
  stallTimeout: number
}

/** Milliseconds in which a reader must take something of a full buffer, unless it stalls even sooner. */
const PATIENCE = 1_000

/** The open response of one call. It cannot be resumed, so its events have no ids. */
export class ResponseStream extends Readable {
  #done = false
  #spokeAt = performance.now()
  /** Characters that were written so far. */
  #written = 0
  /** How many of them the reader had taken at its last progress, and the time of this progress. */
  #taken = 0
  #takenAt = performance.now()
  /** How many it had taken when an event was lost last, and the time when that was first so. */
  #takenWhenFull = -1
  #fullAt = 0

  /** @param onClosed called once; the client has gone, or everything was read */
  constructor (private readonly settings: StreamSettings, private readonly onClosed: () => void) {
    super({ encoding: 'utf8', highWaterMark: READ_AHEAD })
    // Makes Node send the headers.
    this.#put(KEEP_ALIVE)
  }

  /**
   * Sends an event that more will follow. Where the buffer is full, the event is lost: a burst of large ones fills it
   * before the fastest reader can take anything, and a call cannot be resumed, so it must not end for that.
   */
  offer (event: string, now = performance.now()): void {
    if (this.readableLength <= this.settings.maxBuffered) return this.#put(event)
    const taken = this.#written - this.readableLength
    if (taken !== this.#takenWhenFull) {
      this.#takenWhenFull = taken
      this.#fullAt = now
    } else if (now - this.#fullAt >= Math.min(PATIENCE, this.settings.stallTimeout)) {
      this.destroy()
    }
  }

  /** Sends the last event. */
  finish (event: string): void {
    this.#done = true
    this.#put(event)
    this.push(null)
  }

  /** Keeps the response open, or cuts off a reader without progress. To be called at regular intervals. */
  check (now: number): void {
    const taken = this.#written - this.readableLength
    if (taken !== this.#taken || (this.readableLength === 0 && !this.#done)) {
      this.#taken = taken
      this.#takenAt = now
    } else if (now - this.#takenAt >= this.settings.stallTimeout) {
      this.destroy()
      return
    }
    if (!this.#done && this.readableLength === 0 && now - this.#spokeAt >= this.settings.keepAlive) {
      this.#put(KEEP_ALIVE)
    }
  }

  override _read (): void {}

  override _destroy (error: Error | null, callback: (error: Error | null) => void): void {
    this.#done = true
    this.onClosed()
    callback(error)
  }

  #put (text: string): void {
    this.#spokeAt = performance.now()
    this.#written += text.length
    pushPieces(this, text)
  }
}
