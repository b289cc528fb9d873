import type { FleetDetails, RecordKey, Sessions } from '@holdfast/core'
import type { CallLog, StoredCall } from './call-log.js'
import { OWNER_GONE } from '../endings.js'
import type { RemoteReader, RemoteReaders } from './remote-readers.js'
import { type Entry, Story } from './story.js'

/** What a {@link RemoteCall} works with. */
export interface RemoteCalls {
  readonly sessions: Sessions
  readonly log: CallLog
  readonly readers: RemoteReaders
  /** Milliseconds between heartbeats of replicas. */
  readonly heartbeat: number
  /** When the storage came back after an outage, on the clock of `performance.now`. */
  readonly backSince: number
}

/** Gets what a {@link RemoteCall} learns. */
export interface Follower {
  /** The story has grown. */
  advance (): void
  failed (error: unknown): void
}

/** A parked call of another replica, as long as a retry waits for it here. */
export class RemoteCall implements RemoteReader {
  readonly story = new Story()
  #follower: Follower | undefined
  #looking = false
  #lookAgain = false
  #ownerless = false
  #closed = false
  #timer: NodeJS.Timeout | undefined

  /**
   * @param replica that runs the call
   * @param answer the message that gives it the answers; taken twice it does nothing more
   */
  constructor (
    private readonly around: RemoteCalls,
    private readonly key: RecordKey,
    private readonly replica: string,
    private readonly answer: FleetDetails['call-answer']
  ) {
    around.readers.add(key, this)
  }

  /**
   * Gives the answers to the other replica, and reads the story so far. Undefined when there is none.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_KEY_UNAVAILABLE
   */
  async begin (): Promise<StoredCall | undefined> {
    const { log } = this.around
    const [heard, stored] = await Promise.all([this.#tell(), log.read(this.key)])
    if (stored === undefined) return undefined
    this.story.add(0, stored.story.entries)
    if (!heard) this.#look()
    return { head: stored.head, story: this.story }
  }

  /** Tells the follower from now on what becomes of the call. */
  follow (follower: Follower): void {
    this.#follower = follower
    // Messages may be lost, and replicas may die.
    this.#timer = setInterval(() => this.#look(), this.around.heartbeat / 2).unref()
    if (this.#lookAgain) this.#look()
  }

  /** The client of the retry has gone. */
  leave (): void {
    const { sessions } = this.around
    const { reader } = this.answer
    sessions.fleet.tellReplica(this.replica, 'call-leave', this.key, { reader })
      .catch(error => sessions.report(error))
  }

  close (): void {
    this.#closed = true
    clearInterval(this.#timer)
    this.around.readers.delete(this.key, this)
  }

  said (after: number, entries: readonly Entry[]): void {
    if (this.story.add(after, entries)) this.#follower?.advance()
    else this.#look()
  }

  unknown (): void {
    this.#ownerless = true
    this.#look()
  }

  async #tell (answer = this.answer): Promise<boolean> {
    const { fleet, vault: { availability } } = this.around.sessions
    return await availability.ask(() => fleet.tellReplica(this.replica, 'call-answer', this.key, answer))
  }

  /** Says again that somebody waits here, with the answers that have not arrived, as far as the story tells. */
  async #tellAgain (): Promise<void> {
    const open = this.story.openAt(this.story.length)
    const answers = Object.fromEntries(Object.entries(this.answer.answers).filter(([key]) => open.has(key)))
    await this.#tell({ ...this.answer, answers })
  }

  #look (): void {
    this.#lookAgain = true
    if (!this.#looking && this.#follower !== undefined) void this.#lookOn(this.#follower)
  }

  async #lookOn (follower: Follower): Promise<void> {
    this.#looking = true
    try {
      while (this.#lookAgain && !this.#closed) {
        this.#lookAgain = false
        await this.#lookOnce()
        follower.advance()
      }
    } catch (error) {
      follower.failed(error)
    }
    this.#looking = false
  }

  async #lookOnce (): Promise<void> {
    const { story, around: { log, sessions: { vault: { availability, backend } } } } = this
    const before = story.length
    if (!await log.refresh(this.key, story)) story.add(story.length, [{ end: OWNER_GONE }])
    if (story.length > before) return
    const mayLive = !this.#ownerless &&
      (await availability.ask(() => backend.presence.isPresent(this.replica)) || this.#isEarly())
    if (mayLive) await this.#tellAgain()
    else await endOrphan(log, this.key, story)
  }

  /** Right after an outage, replicas have not announced themselves yet: their announcements expired during it. */
  #isEarly (): boolean {
    const { backSince, heartbeat } = this.around
    return performance.now() - backSince < heartbeat
  }
}

/** Ends a story with which nobody goes on, so that all of its readers get the same end. */
export async function endOrphan (log: CallLog, key: RecordKey, story: Story): Promise<void> {
  await log.append(key, [{ end: OWNER_GONE }])
  if (!await log.refresh(key, story)) story.add(story.length, [{ end: OWNER_GONE }])
}
