import type { RecordKey, Session, Sessions } from '@holdfast/core'
import { EventStream, type EventStreamOptions, type Feed } from './event-stream.js'
import { STANDALONE, type StreamLog } from './stream-log.js'

export interface StreamSettings extends EventStreamOptions {
  /** Milliseconds after which a client opens its standalone stream again. */
  standaloneRetry: number
  /** Responses of one session that are open here, beside one for each of its running calls. */
  maxOpenStreams: number
}

/** The responses with event streams that are open on this replica. */
export class OpenStreams {
  /** By record key and stream name, oldest first. */
  readonly #open = new Map<RecordKey, Map<string, EventStream[]>>()
  readonly #sessions = new Map<RecordKey, Session>()
  readonly #standaloneSettings: EventStreamOptions
  #claims = 0
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

  /** How many responses are open here, of one session or of all. */
  count (key?: RecordKey): number {
    return (key === undefined ? this.#each() : [...this.#open.get(key)?.values() ?? []].flat()).length
  }

  /**
   * Hands messages that were just written to whoever holds the stream's response, here or elsewhere. True when that is
   * here. With `ask`, a replica that holds it answers that it listens.
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

  /** Opens a response for a stream, from a position on. Earlier responses of the same stream fall silent. */
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
   * {@link attach} for a client that comes back. Undefined when the stream is unknown, `'over'` when nothing is left to
   * send.
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
    stream.claim = ++this.#claims
    void this.sessions.fleet.tell('takeover', session.key, { stream: name, claim: stream.claim }, { echo: true })
    stream.wake()
    return stream
  }

  /** {@link resume} of the standalone stream for a client without a cursor: from what was never sent. */
  async standalone (session: Session, priming: boolean): Promise<EventStream> {
    const page = await this.log.read({ key: session.key, name: STANDALONE }, 'undelivered')
    return await this.resume(session, STANDALONE, page?.after ?? 0, priming) as EventStream
  }

  /** Another replica wrote to a stream. True when its response is open here. */
  wake (key: RecordKey, name: string): boolean {
    const stream = this.#active(key, name)
    stream?.wake()
    return stream !== undefined
  }

  /**
   * A replica, perhaps this one, has opened a response of a stream that its client resumes. All hear of these in one
   * order, and the last response receives: one of ours that the fleet has not heard of yet is newer than any that it
   * hears of.
   */
  takeover (key: RecordKey, name: string, replica: string, claim: number): void {
    if (replica !== this.sessions.fleet.replica) return this.#yield(key, name)
    for (const stream of this.#all(key, name)) {
      if (stream.claim !== undefined && stream.claim <= claim) stream.claim = undefined
    }
  }

  #yield (key: RecordKey, name: string): void {
    const streams = this.#all(key, name).filter(({ claim }) => claim === undefined)
    for (const stream of streams) stream.passive = true
    // What was written here since the other one read the log went to a response that nobody reads.
    if (streams.length > 0) void this.sessions.fleet.tell('wake', key, { stream: name })
  }

  /** Ends the open responses of one stream, so that the client comes back for the rest. */
  interrupt (key: RecordKey, name: string): void {
    for (const stream of this.#all(key, name)) stream.finish(true)
  }

  /** Ends every response of a session. */
  close (key: RecordKey): void {
    for (const streams of this.#open.get(key)?.values() ?? []) for (const stream of streams) stream.finish()
  }

  /** Ends every response, or every one that no request running here writes to, and tells the clients to come back. */
  drain (except: 'running' | 'none'): void {
    for (const stream of this.#each()) if (except === 'none' || !this.log.isRunning(stream.name)) stream.finish(true)
  }

  keepAlive (): void {
    for (const stream of this.#each()) stream.keepAlive()
  }

  /** Cuts readers that have stalled. */
  checkReaders (): void {
    for (const stream of this.#each()) stream.checkReader()
  }

  /** Looks again at streams that other replicas write to: a wake may have been missed, a replica may have died. */
  checkForeign (): void {
    // Where nothing is shared, what belongs to no request is written here, and its wakes arrive.
    const { shared } = this.sessions.vault.backend
    for (const stream of this.#each()) {
      if (!stream.passive && !this.log.isRunning(stream.name) && (shared || stream.name !== STANDALONE)) stream.wake()
    }
  }

  /**
   * Ends the oldest responses of a session when it has as many as it may. One that does not end when it is told to is
   * cut.
   */
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
    const heir = left.at(-1) as EventStream
    if (stream.passive || !heir.passive) return
    heir.passive = false
    heir.moveTo(stream.position)
    heir.wake()
  }
}
