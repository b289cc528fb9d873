import type { JsonObject } from '@holdfast/core'
import type { Outcome } from '../modern-call.js'

/** A request of the server as an `inputRequests` member. */
export type InputRequest = Readonly<JsonObject> & { readonly method: string }

/** One thing that happened in a parked call, in the order in which it happened. */
export type Entry =
  /** A question was asked. */
  { readonly ask: string, readonly request: InputRequest } |
  /** A client answered a question. */
  { readonly answered: string } |
  /** The server no longer wants an answer. */
  { readonly withdrawn: string } |
  /** A progress notification or a log message. */
  { readonly note: { readonly method: string, readonly params?: JsonObject } } |
  { readonly end: Outcome }

const LOST: Entry = { withdrawn: '' }

/** What a parked call has said and heard so far, as far as it is durable. Positions count its entries from 1. */
export class Story {
  readonly entries: Entry[] = []

  get length (): number { return this.entries.length }

  get ended (): boolean {
    const last = this.entries.at(-1)
    return last !== undefined && 'end' in last
  }

  /** The unanswered questions at a position. */
  openAt (position: number): Map<string, InputRequest> {
    const open = new Map<string, InputRequest>()
    for (const entry of this.entries.slice(0, position)) follow(open, entry)
    return open
  }

  /** Goes on at a position, although the entries before it are lost. */
  skip (position: number): void {
    while (this.length < position) this.entries.push(LOST)
  }

  /** Adds entries that follow a position. False when entries are missing between. */
  add (after: number, entries: readonly Entry[]): boolean {
    if (after > this.length) return false
    this.entries.push(...entries.slice(this.length - after))
    return true
  }
}

/** What a reader does next: it waits, it asks its client, or it gives the outcome. `final`: nothing can be added. */
export type Step =
  { readonly kind: 'wait' } |
  {
    readonly kind: 'ask',
    readonly open: ReadonlyMap<string, InputRequest>,
    readonly position: number
    readonly final: boolean
  } |
  { readonly kind: 'end', readonly outcome: Outcome }

/**
 * Reads a story from a position on behalf of one retry. It depends on nothing but the story, the position and the
 * retry's answers, so that the same retry gets the same again.
 */
export class Reading {
  readonly #open: Map<string, InputRequest>
  /** Questions that this retry answers. */
  readonly #answers: ReadonlySet<string>

  /** @param answers keys of answers; those of questions that were not open at the position do not count */
  constructor (private readonly story: Story, private position: number, answers: Iterable<string>) {
    this.#open = story.openAt(position)
    this.#answers = new Set(Array.from(answers).filter(key => this.#open.has(key)))
  }

  /** @param note called with each notification that was not read before */
  next (note: (notification: { method: string, params?: JsonObject }) => void): Step {
    for (; this.position < this.story.length; this.position++) {
      const entry = this.story.entries[this.position] as Entry
      if ('end' in entry) return { kind: 'end', outcome: entry.end }
      // Somebody answered a question that this retry leaves open, so its client was asked before.
      if ('answered' in entry && this.#open.has(entry.answered) && !this.#answers.has(entry.answered)) {
        return this.#ask(true)
      }
      if ('note' in entry) note(entry.note)
      else follow(this.#open, entry)
    }
    for (const key of this.#answers) if (this.#open.has(key)) return { kind: 'wait' }
    return this.#open.size > 0 ? this.#ask(false) : { kind: 'wait' }
  }

  #ask (final: boolean): Step {
    return { kind: 'ask', open: this.#open, position: this.position, final }
  }
}

function follow (open: Map<string, InputRequest>, entry: Entry): void {
  if ('ask' in entry) open.set(entry.ask, entry.request)
  else if ('answered' in entry) open.delete(entry.answered)
  else if ('withdrawn' in entry) open.delete(entry.withdrawn)
}
