import { Readable } from 'node:stream'
import { KEEP_ALIVE, eventId, messageEvent, primingEvent, retryHint } from './sse-event.js'

export interface Page {
  /** The position that the messages follow. */
  after: number
  messages: readonly string[]
  /** The stream is over after these messages. */
  ended: boolean
}

/** Where an event stream reads what it has not been offered. */
export interface Feed {
  read (position: number): Promise<Page>
  /** Everything up to a position was handed to the client. */
  sent (position: number): void
  /** The client was too slow; {@link closed} follows. */
  cut (): void
  closed (stream: EventStream): void
  failed (error: unknown): void
}

export interface EventStreamOptions {
  /** Characters that may wait for a slow reader; then it is cut, and can resume. */
  maxBuffered: number
  /** Milliseconds after which a client comes back. */
  retry: number
  /** Milliseconds that a reader may take nothing of what waits for it; then it is cut, and can resume. */
  stallTimeout: number
}

/**
 * Characters that are read ahead of the client, with every version of Node; also of one piece, so that a slow reader is
 * seen to read.
 */
const AHEAD = 16_384

/**
 * One open response of server-sent events. It knows its place in the log: what it is offered in order goes straight
 * out, anything else makes it read on from the log, at the pace of the client.
 */
export class EventStream extends Readable {
  #position: number
  #reading = false
  #again = false
  #done = false
  #resume: (() => void) | undefined
  /** Characters that were handed on. */
  #written = 0
  /** How many of them the reader had taken when it was last seen to take any, and when that was. */
  #taken = 0
  #takenAt = performance.now()

  constructor (
    readonly name: string,
    position: number,
    private readonly feed: Feed,
    private readonly settings: EventStreamOptions
  ) {
    super({ encoding: 'utf8', highWaterMark: AHEAD })
    this.#position = position
  }

  /** A newer response of the same stream receives instead. */
  passive = false
  /** By the monotonic clock. */
  readonly openedAt = performance.now()
  /** Its place among the takeovers of this replica, until the fleet has heard of it. */
  claim: number | undefined

  get position (): number { return this.#position }

  /**
   * Sends the headers on their way, says when to come back, and gives clients that understand it an id for the place
   * where this stream starts.
   */
  begin (priming: boolean): void {
    this.#put(
      priming ? primingEvent(eventId(this.name, this.#position), this.settings.retry) : retryHint(this.settings.retry)
    )
  }

  /** Goes on from another place. */
  moveTo (position: number): void {
    this.#position = position
  }

  /** Takes messages that were just logged, the first at position `first`. */
  offer (first: number, messages: readonly string[], ended: boolean): void {
    if (this.#reading || first !== this.#position + 1) return this.wake()
    if (this.#isFull && !ended) return this.#isRead ? this.#cut() : this.wake()
    for (const message of messages) this.#send(message)
    if (messages.length > 0) this.feed.sent(this.#position)
    if (ended) this.finish()
  }

  /** Sends what is in no log: it has no id, and no one can resume from it. */
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

  /** Ends the response; the stream itself may go on. With `retry` the client is told to come back. */
  finish (retry = false): void {
    if (this.#done) return
    this.#done = true
    if (retry) this.#put(retryHint(this.settings.retry))
    this.push(null)
  }

  /** A comment that keeps intermediaries from closing an idle response. */
  keepAlive (): void {
    if (!this.#done && this.readableLength === 0) this.#put(KEEP_ALIVE)
  }

  /** It takes nothing more. */
  get isDone (): boolean { return this.#done }

  /** Cuts a reader that takes nothing of what waits for it. To be called now and again. */
  checkReader (now = performance.now()): void {
    const taken = this.#written - this.readableLength
    // What is not read at all has nothing waiting but its end.
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
      // Its headers may not be out: in order, the client hears of them, and when to come back.
      this.finish(true)
    }
    this.#reading = false
  }

  async #sendPage ({ after, messages, ended }: Page): Promise<void> {
    this.#position = after
    for (const [index, message] of messages.entries()) {
      // While its client was slow, this response may have fallen silent or gone on from elsewhere.
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

  /** Before anybody reads, nobody stalls. */
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
    let from = 0
    while (text.length - from > AHEAD) {
      // A pair of surrogates is one character: apart, its halves become nonsense.
      const end = from + AHEAD - (isHighSurrogate(text.charCodeAt(from + AHEAD - 1)) ? 1 : 0)
      this.push(text.slice(from, end))
      from = end
    }
    return this.push(from === 0 ? text : text.slice(from))
  }

  async #drained (): Promise<void> {
    await new Promise<void>(resolve => { this.#resume = resolve })
    this.#resume = undefined
  }
}

function isHighSurrogate (code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}
