import { Readable } from 'node:stream'
import { READ_AHEAD, pushPieces } from './pieces.js'
import { KEEP_ALIVE, eventId, messageEvent, primingEvent, retryHint } from './sse-event.js'

/** Messages of a stream's log. */
export interface LogPage {
  /** The position before the first message. */
  after: number
  messages: readonly string[]
  /** Whether the stream ends after these messages. */
  ended: boolean
}

/** Connects an event stream with its log and its owner. */
export interface Feed {
  /** Reads messages after a position from the log. */
  read (position: number): Promise<LogPage>
  /** Everything up to a position was sent to the client. */
  sent (position: number): void
  /** The client was too slow. {@link closed} follows. */
  cut (): void
  closed (stream: EventStream): void
  failed (error: unknown): void
}

export interface EventStreamOptions {
  /** Characters that may wait for a slow reader. Beyond them, the reader is disconnected, and can resume. */
  maxBuffered: number
  /** Milliseconds after which a client reconnects. */
  retry: number
  /** Milliseconds without progress after which a slow reader is disconnected. It can resume. */
  stallTimeout: number
}

/**
 * One open response of server-sent events. It knows its position in the log. A message that follows this position is
 * sent at once; any other message makes it read on from the log, as fast as the client reads.
 */
export class EventStream extends Readable {
  #position: number
  #reading = false
  #again = false
  #done = false
  #resume: (() => void) | undefined
  /** Characters that were written so far. */
  #written = 0
  /** How many of them the reader had taken at its last progress, and the time of this progress. */
  #taken = 0
  #takenAt = performance.now()

  constructor (
    readonly name: string,
    position: number,
    private readonly feed: Feed,
    private readonly settings: EventStreamOptions
  ) {
    super({ encoding: 'utf8', highWaterMark: READ_AHEAD })
    this.#position = position
  }

  /** A newer response of the same stream gets the messages instead. */
  passive = false
  /** By the monotonic clock. */
  readonly openedAt = performance.now()
  /** The number of its takeover, until the message about it has come back over the bus. */
  takeover: number | undefined

  get position (): number { return this.#position }

  /**
   * Makes Node send the headers, tells the client when to reconnect, and, if the client accepts it, gives it an id for
   * the position where this response starts.
   */
  begin (priming: boolean): void {
    this.#put(
      priming ? primingEvent(eventId(this.name, this.#position), this.settings.retry) : retryHint(this.settings.retry)
    )
  }

  /** Goes on from another position. */
  moveTo (position: number): void {
    this.#position = position
  }

  /** Takes messages that were just logged, the first of them at position `first`. */
  offer (first: number, messages: readonly string[], ended: boolean): void {
    if (this.#reading || first !== this.#position + 1) return this.wake()
    if (this.#isFull && !ended) return this.#isRead ? this.#cut() : this.wake()
    for (const message of messages) this.#send(message)
    if (messages.length > 0) this.feed.sent(this.#position)
    if (ended) this.finish()
  }

  /** Sends messages that are in no log. They have no id, so a client cannot resume after them. */
  offerUnlogged (messages: readonly string[], ended: boolean): void {
    if (this.#done) return
    if (this.#isFull && !ended && this.#isRead) return this.#cut()
    for (const message of messages) this.#put(messageEvent(message))
    if (ended) this.finish()
  }

  /** Reads on from the log. */
  wake (): void {
    if (this.#reading) this.#again = true
    else void this.#readOn()
  }

  /** Ends the response; the stream itself may go on. With `retry`, the client is asked to reconnect. */
  finish (retry = false): void {
    if (this.#done) return
    this.#done = true
    if (retry) this.#put(retryHint(this.settings.retry))
    this.push(null)
  }

  /** Sends a comment, so that intermediaries do not close an idle response. */
  keepAlive (): void {
    if (!this.#done && this.readableLength === 0) this.#put(KEEP_ALIVE)
  }

  /** Whether the response takes no further messages. */
  get isDone (): boolean { return this.#done }

  /** Disconnects a reader without progress. To be called at regular intervals. */
  checkReader (now = performance.now()): void {
    const taken = this.#written - this.readableLength
    // A response that is not read at all has nothing to send but its end.
    const waits = this.readableLength > 0 || this.#resume !== undefined || this.#done
    if (!waits || taken !== this.#taken) {
      this.#taken = taken
      this.#takenAt = now
    } else if (now - this.#takenAt >= this.settings.stallTimeout) {
      this.#cut()
    }
  }

  override _read (): void {
    this.#resume?.()
  }

  override _destroy (error: Error | null, callback: (error: Error | null) => void): void {
    this.#done = true
    this.#resume?.()
    this.feed.closed(this)
    callback(error)
  }

  async #readOn (): Promise<void> {
    this.#reading = true
    try {
      do {
        this.#again = false
        const start = this.#position
        const page = await this.feed.read(start)
        if (this.#position === start && !this.passive && !this.#done) await this.#sendPage(page)
      } while (this.#again && !this.#done)
    } catch (error) {
      this.feed.failed(error)
      // The headers may not be sent yet. A regular end sends them, and tells the client when to reconnect.
      this.finish(true)
    }
    this.#reading = false
  }

  async #sendPage ({ after, messages, ended }: LogPage): Promise<void> {
    this.#position = after
    for (const [index, message] of messages.entries()) {
      // While the client was slow, this response may have become passive or moved to another position.
      if (this.passive || this.#position !== after + index) return
      if (!this.#send(message)) await this.#drained()
    }
    if (messages.length > 0) {
      this.feed.sent(this.#position)
      this.#again = true
    }
    if (ended) this.finish()
  }

  get #isFull (): boolean { return this.readableLength > this.settings.maxBuffered }

  /** Whether somebody reads the response. A response that is not read yet has no slow reader. */
  get #isRead (): boolean { return this.readableFlowing !== null }

  #cut (): void {
    this.feed.cut()
    this.destroy()
  }

  #send (message: string): boolean {
    if (this.#done) return true
    return this.#put(messageEvent(message, eventId(this.name, ++this.#position)))
  }

  #put (text: string): boolean {
    this.#written += text.length
    return pushPieces(this, text)
  }

  async #drained (): Promise<void> {
    await new Promise<void>(resolve => { this.#resume = resolve })
    this.#resume = undefined
  }
}
