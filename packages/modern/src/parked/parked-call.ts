import { type JsonObject, type Located, isHoldfastError } from '@holdfast/core'
import type { Expiring } from '@holdfast/transport'
import type { Outcome } from '../modern-call.js'
import type { CallHead, CallLog } from './call-log.js'
import { OWNER_GONE, UNANSWERED } from '../endings.js'
import type { Answers } from '../input-responses.js'
import type { Reader } from './reader.js'
import { SETTLE } from './settle.js'
import { type Entry, type InputRequest, Story } from './story.js'

/** Notes of one call that are kept: progress and log messages. */
const MAX_NOTES = 500
/** Attempts that wait for one call. */
const MAX_READERS = 100
/** Milliseconds until another attempt to store. */
const RETRY = 1_000

/** The handler of a parked call, with the server in which it waits. */
export interface Handler {
  /** Gives it the answer to a question. */
  give (key: string, answer: Readonly<Record<string, unknown>>): void
  /** It waits for its client. */
  rested (): void
  /** It goes on. */
  resumed (): void
  /** Stops it. Nothing that it says after this is heard. */
  stop (reason: string): void
}

/** A call whose handler waits in this process for answers, or goes on after some. */
export class ParkedCall implements Expiring {
  declare older?: Expiring | undefined
  declare newer?: Expiring | undefined
  declare since: number
  /** What is durable. */
  readonly story = new Story()
  readonly #readers = new Map<string, Reader>()
  /** Open questions, each with the position at which it was asked; 0 while it is not durable. */
  readonly #open = new Map<string, number>()
  /** What is not durable yet. */
  #waiting: Entry[] = []
  #notes = 0
  #begun = false
  #created = false
  #planned = false
  #failed = false
  #isClosed = false
  #flushing: Promise<void> | undefined
  #ending: Outcome | undefined
  /** The handler waits for its client, who was asked. */
  #resting = false
  #settling: NodeJS.Timeout | undefined

  /**
   * @param id known only to the client's state
   * @param expires milliseconds since the epoch
   * @param closed called once nothing more can be said
   */
  constructor (
    readonly id: string,
    readonly located: Located,
    readonly head: CallHead,
    readonly expires: number,
    private readonly handler: Handler,
    private readonly log: CallLog,
    private readonly report: (error: unknown) => void,
    private readonly closed: (call: ParkedCall) => void
  ) {}

  /** Whether it has a story in the backend. */
  get isStored (): boolean { return this.#created }

  /** A question of the handler. The first ones are stored together. */
  ask (key: string, request: InputRequest): void {
    this.#open.set(key, 0)
    this.#say({ ask: key, request }, this.#begun ? 0 : SETTLE)
  }

  /** The handler no longer waits for an answer. */
  withdraw (key: string): void {
    if (this.#open.delete(key)) this.#say({ withdrawn: key })
  }

  note (note: { method: string, params?: JsonObject }): void {
    if (++this.#notes <= MAX_NOTES) this.#say({ note })
  }

  /** The end of the call. Nothing comes after it. */
  end (outcome: Outcome): void {
    this.#ending = outcome
    if (this.#begun) return this.#say({ end: outcome })
    // Nobody but the first reader knows of the call, so there is nothing to store.
    const entries = this.#waiting.splice(0)
    this.#grow(0, [...entries, { end: outcome }])
  }

  /** Stops the handler, and ends the call with this outcome. */
  stop (outcome: Outcome, reason: string): void {
    if (this.#ending !== undefined) return
    this.handler.stop(reason)
    this.end(outcome)
  }

  /** Nobody has answered in time. The record ends about now, so what cannot be stored now never will be. */
  expire (): void {
    this.stop(UNANSWERED, 'its questions were not answered in time')
    void this.flush().then(() => {
      this.#waiting = []
      this.#close()
    })
  }

  /**
   * Adds a reader, and gives the handler the answers to questions that were open at the position. False when too many
   * readers wait.
   */
  answer (id: string, reader: Reader, position: number, answers: Answers): boolean {
    if (this.#readers.size >= MAX_READERS && !this.#readers.has(id)) return false
    this.#readers.set(id, reader)
    for (const [key, answer] of this.#ending === undefined ? answers : []) {
      const asked = this.#open.get(key)
      if (asked === undefined || asked === 0 || asked > position) continue
      this.#open.delete(key)
      if (this.#resting) this.handler.resumed()
      this.#resting = false
      this.#say({ answered: key })
      this.handler.give(key, answer)
    }
    this.#settle()
    // A client that asks again may have been told that storage was away.
    if (this.#failed) void this.flush()
    return true
  }

  /** The client of a reader has gone. Without any other, a handler that runs is cancelled. */
  leave (id: string, outcome: Outcome): void {
    if (!this.#readers.delete(id) || this.#readers.size > 0 || this.#resting) return
    this.stop(outcome, 'the client has gone')
  }

  /** A reader needs nothing more. */
  forget (id: string): void {
    this.#readers.delete(id)
  }

  /** Resolves when everything that was said is durable, or cannot become so for now. */
  async flush (): Promise<void> {
    this.#flushing ??= this.#flushAll().finally(() => {
      this.#flushing = undefined
      this.#flushIn(this.#failed ? RETRY : 0)
    })
    await this.#flushing
  }

  #say (entry: Entry, after = 0): void {
    this.#waiting.push(entry)
    this.#flushIn(after)
  }

  #flushIn (ms: number): void {
    if (this.#planned || this.#flushing !== undefined || this.#waiting.length === 0) return
    this.#planned = true
    const flush = (): void => {
      this.#planned = false
      void this.flush()
    }
    // A handler that goes on at once has its say in the same write.
    if (ms === 0) setImmediate(flush)
    else setTimeout(flush, ms).unref()
  }

  async #flushAll (): Promise<void> {
    do this.#failed = !await this.#store()
    while (!this.#failed && this.#waiting.length > 0)
  }

  /** False when it failed. */
  async #store (): Promise<boolean> {
    if (this.#waiting.length === 0) return true
    this.#begun = true
    const entries = [...this.#waiting]
    const before = this.story.length
    try {
      if (!this.#created) await this.log.create(this.located)
      this.#created = true
      const length = await this.log.append(this.located.key, entries, before === 0 ? this.head : undefined)
      const isAsExpected = length === before + entries.length
      if (!isAsExpected) await this.#catchUp(before)
      this.#waiting.splice(0, entries.length)
      this.#grow(before, isAsExpected ? entries : this.story.entries.slice(before))
      return true
    } catch (error) {
      if (!isHoldfastError(error)) this.report(error)
      this.#fail(error)
      return false
    }
  }

  #grow (after: number, entries: readonly Entry[]): void {
    this.story.add(after, entries)
    for (const [index, entry] of entries.entries()) {
      if ('ask' in entry && this.#open.has(entry.ask)) this.#open.set(entry.ask, after + index + 1)
    }
    for (const reader of this.#readers.values()) reader.grown(after, entries)
    if (this.story.ended) this.#close()
    else this.#settle()
  }

  /** Another attempt had stored more than it said, or another replica has ended the story. */
  async #catchUp (before: number): Promise<void> {
    const exists = await this.log.refresh(this.located.key, this.story)
    if (!exists) this.story.add(before, [{ end: this.#ending ?? OWNER_GONE }])
    if (this.story.ended && this.#ending === undefined) {
      this.#ending = OWNER_GONE
      this.handler.stop('the call has ended elsewhere')
    }
  }

  #fail (error: unknown): void {
    const readers = [...this.#readers.values()]
    this.#readers.clear()
    for (const reader of readers) reader.failed(error)
    // Nobody knows of a call that was never stored.
    if (this.story.length > 0) return
    this.#waiting = []
    if (this.#ending === undefined) this.handler.stop('its questions could not be stored')
    this.#ending ??= OWNER_GONE
    this.#close()
  }

  /** Questions that come together are asked together. */
  #settle (): void {
    clearTimeout(this.#settling)
    this.#settling = setTimeout(() => {
      if (this.#open.size === 0 || this.#waiting.length > 0 || this.#ending !== undefined) return
      this.#readers.clear()
      this.#resting = true
      this.handler.rested()
    }, SETTLE)
  }

  #close (): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#settling)
    this.#readers.clear()
    this.closed(this)
  }
}
