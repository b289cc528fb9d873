import type { RecordKey, Session, Sessions } from '@holdfast/core'
import { EventStream, type EventStreamOptions, type Feed } from './event-stream.js'
import { STANDALONE, type StreamLog } from './stream-log.js'

export interface StreamSettings extends EventStreamOptions {
  /** Milliseconds after which a client reopens its standalone stream. */
  standaloneRetry: number
  /** Maximum number of open responses of one session in this process, in addition to one per running call. */
  maxOpenStreams: number
}

/** The open responses with event streams on this replica. */
export class OpenStreams {
  /** By record key and stream name, oldest first. */
  readonly #open = new Map<RecordKey, Map<string, EventStream[]>>()
  readonly #sessions = new Map<RecordKey, Session>()
  readonly #standaloneSettings: EventStreamOptions
  #takeovers = 0
  /** Events that were read from the log to be sent. */
  replayed = 0

  constructor (
    private readonly sessions: Sessions,
    private readonly log: StreamLog,
    private readonly settings: StreamSettings
  ) {
    this.#standaloneSettings = { ...settings, retry: settings.standaloneRetry }
  }

  /** The sessions that have a response open here. */
  get used (): Iterable<Session> { return this.#sessions.values() }

  has (key: RecordKey): boolean { return this.#sessions.has(key) }

  /** How many responses are open here: for one session or for all. */
  count (key?: RecordKey): number {
    return (key === undefined ? this.#each() : [...this.#open.get(key)?.values() ?? []].flat()).length
  }

  /**
   * Delivers messages that were just written to the stream's open response, here or on another replica. True when the
   * response is open here. With `ask`, a replica that has it open answers `listening`.
   */
  deliver (
    key: RecordKey,
    name: string,
    first: number | undefined,
    messages: readonly string[],
    ended: boolean,
    ask = false
  ): boolean {
    const stream = this.#active(key, name)
    if (first === undefined) stream?.offerUnlogged(messages, ended)
    else if (stream !== undefined) stream.offer(first, messages, ended)
    else void this.sessions.fleet.tell('wake', key, { stream: name, ...(ask && { ask }) })
    if (ended) for (const other of this.#all(key, name)) if (other.passive) other.finish()
    return stream !== undefined
  }

  /** Opens a response for a stream, from a position on. Earlier responses of the same stream become passive. */
  attach (session: Session, name: string, position: number, priming: boolean): EventStream {
    const { key } = session
    const settings = name === STANDALONE ? this.#standaloneSettings : this.settings
    const stream = new EventStream(name, position, this.#feed(session, name), settings)
    this.#makeRoom(key, name)
    let streams = this.#open.get(key)
    if (streams === undefined) this.#open.set(key, streams = new Map())
    const others = streams.get(name) ?? []
    for (const other of others) other.passive = true
    streams.set(name, [...others, stream])
    this.#sessions.set(key, session)
    stream.begin(priming)
    return stream
  }

  /**
   * {@link attach} for a client that reconnects. Undefined when the stream is unknown, `'over'` when there is nothing
   * left to send.
   */
  async resume (
    session: Session,
    name: string,
    position: number,
    priming: boolean
  ): Promise<EventStream | 'over' | undefined> {
    if (name !== STANDALONE) {
      const page = await this.log.read({ key: session.key, name }, position)
      if (page === undefined) return undefined
      if (page.lost ? position >= page.floor : page.ended && page.messages.length === 0) return 'over'
    }
    const stream = this.attach(session, name, position, priming)
    const number = stream.takeover = ++this.#takeovers
    void this.sessions.fleet.tell('takeover', session.key, { stream: name, number }, { echo: true })
    stream.wake()
    return stream
  }

  /**
   * {@link resume} of the standalone stream for a client without a cursor: from the first message that was not sent.
   */
  async standalone (session: Session, priming: boolean): Promise<EventStream> {
    const page = await this.log.read({ key: session.key, name: STANDALONE }, 'undelivered')
    return await this.resume(session, STANDALONE, page?.after ?? 0, priming) as EventStream
  }

  /** Another replica wrote to a stream. True when the stream's response is open here. */
  wake (key: RecordKey, name: string): boolean {
    const stream = this.#active(key, name)
    stream?.wake()
    return stream !== undefined
  }

  /**
   * Handles the message that a replica, perhaps this one, has opened a response because the client resumes the stream.
   * All replicas receive these messages in the same order, and the last response gets the stream. A local takeover
   * whose message has not come back over the bus is newer than every takeover that was received.
   */
  takeover (key: RecordKey, name: string, replica: string, number: number): void {
    if (replica !== this.sessions.fleet.replica) return this.#yield(key, name)
    for (const stream of this.#all(key, name)) {
      if (stream.takeover !== undefined && stream.takeover <= number) stream.takeover = undefined
    }
  }

  /** Leaves a stream to another replica. */
  #yield (key: RecordKey, name: string): void {
    const streams = this.#all(key, name).filter(({ takeover }) => takeover === undefined)
    for (const stream of streams) stream.passive = true
    // Messages that were written here after the other replica read the log went to a response that nobody reads.
    if (streams.length > 0) void this.sessions.fleet.tell('wake', key, { stream: name })
  }

  /** Ends the open responses of one stream, so that the client reconnects for the rest. */
  interrupt (key: RecordKey, name: string): void {
    for (const stream of this.#all(key, name)) stream.finish(true)
  }

  /** Ends every response of a session. */
  close (key: RecordKey): void {
    for (const streams of this.#open.get(key)?.values() ?? []) for (const stream of streams) stream.finish()
  }

  /** Asks clients to reconnect, and ends every response; with `'running'`, except those of requests that run here. */
  drain (except: 'running' | 'none'): void {
    for (const stream of this.#each()) if (except === 'none' || !this.log.isRunning(stream.name)) stream.finish(true)
  }

  keepAlive (): void {
    for (const stream of this.#each()) stream.keepAlive()
  }

  /** Disconnects stalled readers. */
  checkReaders (): void {
    for (const stream of this.#each()) stream.checkReader()
  }

  /** Reads streams that other replicas write to, because a `wake` may be lost, and a replica may have died. */
  checkForeign (): void {
    // If the backend is not shared, only this process writes to standalone streams, and no `wake` is lost.
    const { shared } = this.sessions.vault.backend
    for (const stream of this.#each()) {
      if (!stream.passive && !this.log.isRunning(stream.name) && (shared || stream.name !== STANDALONE)) stream.wake()
    }
  }

  /** Ends the oldest responses of a session at its limit, and disconnects a response that does not end. */
  #makeRoom (key: RecordKey, name: string): void {
    if (this.log.isRunning(name) && this.#all(key, name).length === 0) return
    const streams: EventStream[] = []
    for (const [other, responses] of this.#open.get(key) ?? []) {
      streams.push(...this.log.isRunning(other) ? responses.slice(0, -1) : responses)
    }
    const { maxOpenStreams } = this.settings
    if (streams.length < maxOpenStreams) return
    streams.sort((a, b) => a.openedAt - b.openedAt)
    const open = streams.filter(stream => !stream.isDone)
    for (const stream of open.slice(0, Math.max(0, open.length - maxOpenStreams + 1))) stream.finish()
    if (streams.length >= 2 * maxOpenStreams) streams.find(stream => stream.isDone)?.destroy()
  }

  #all (key: RecordKey, name: string): readonly EventStream[] {
    return this.#open.get(key)?.get(name) ?? []
  }

  #active (key: RecordKey, name: string): EventStream | undefined {
    return this.#all(key, name).findLast(stream => !stream.passive)
  }

  #each (): EventStream[] {
    return [...this.#open.values()].flatMap(streams => [...streams.values()].flat())
  }

  #feed ({ key, owner }: Session, name: string): Feed {
    const failed = (error: unknown): void => this.sessions.report(error)
    return {
      read: async position => {
        const page = await this.log.next({ key, name }, position)
        this.replayed += page.messages.length
        return page
      },
      sent: position => { if (name === STANDALONE) this.log.delivered({ key, name }, position).catch(failed) },
      cut: () => this.sessions.emit('limitReached', { limit: 'maxBuffered', owner, admitted: false }),
      closed: stream => this.#closed(key, stream),
      failed
    }
  }

  #closed (key: RecordKey, stream: EventStream): void {
    const streams = this.#open.get(key)
    const left = this.#all(key, stream.name).filter(other => other !== stream)
    if (left.length === 0) {
      streams?.delete(stream.name)
      if (streams?.size !== 0) return
      this.#open.delete(key)
      this.#sessions.delete(key)
      return
    }
    streams?.set(stream.name, left)
    const next = left.at(-1) as EventStream
    if (stream.passive || !next.passive) return
    next.passive = false
    next.moveTo(stream.position)
    next.wake()
  }
}
