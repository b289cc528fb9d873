import { Readable } from 'node:stream'
import { KEEP_ALIVE, eventId, messageEvent, primingEvent, retryHint } from './event.js'

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
}

/** Characters that are read ahead of the client, with every version of Node. */
const AHEAD = 16_384

/**
 * One open response of server-sent events. It knows its place in the log: what it is offered in order goes straight out,
 * anything else makes it read on from the log, at the pace of the client.
 */
export class EventStream extends Readable {
  #position: number
  #reading = false
  #again = false
  #done = false
  #resume: (() => void) | undefined

  constructor (readonly name: string, position: number, private readonly feed: Feed, private readonly settings: EventStreamOptions) {
    super({ encoding: 'utf8', highWaterMark: AHEAD })
    this.#position = position
  }

  /** A newer response of the same stream receives instead. */
  passive = false
  /** Its place among the takeovers of this replica, until the fleet has heard of it. */
  claim: number | undefined

  get position (): number { return this.#position }

  /** Sends the headers on their way, says when to come back, and gives clients that understand it an id for the place where this stream starts. */
  begin (priming: boolean): void {
    this.push(priming ? primingEvent(eventId(this.name, this.#position), this.settings.retry) : retryHint(this.settings.retry))
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
    for (const message of messages) this.push(messageEvent(message))
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
    if (retry) this.push(retryHint(this.settings.retry))
    this.push(null)
  }

  /** A comment that keeps intermediaries from closing an idle response. */
  keepAlive (): void {
    if (!this.#done && this.readableLength === 0) this.push(KEEP_ALIVE)
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
      this.destroy()
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
    return this.push(messageEvent(message, eventId(this.name, ++this.#position)))
  }

  async #drained (): Promise<void> {
    await new Promise<void>(resolve => { this.#resume = resolve })
    this.#resume = undefined
  }
}
