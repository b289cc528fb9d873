import {
  HoldfastError, type JsonObject, type Located, type Principal, type RecordLimits, type SealedStore, type Sessions,
  type StreamPage, type StreamRef, eventPlace, isHoldfastError, isObject, keyLabel
} from '@holdfast/core'
import { EndedStories, type KeptStories } from './ended-stories.js'
import { type Entry, Story } from './story.js'

/** The partition of the records of parked calls. */
export const PARTITION = 'calls'
const STREAM = 'story'
/** A record says nothing: the stream does. */
const BODY = Buffer.alloc(1)
/** Attempts to make room for a story. */
const MAX_ROOM = 3
/** More than a story may hold, so that one read brings all of it. */
const PAGE = 1_000

/** What is known of a call from its first question on. */
export interface CallHead {
  /** Who asked for what: see `bindingOf`. */
  readonly binding: string
  /** What the server calls itself. */
  readonly serverInfo: Readonly<JsonObject>
}

/** A story as it is stored. */
export interface StoredCall {
  readonly head: CallHead
  readonly story: Story
}

/** The stored stories of parked calls: each a record that lives for a fixed time, with one sealed stream. */
export class CallLog {
  readonly #store: SealedStore
  readonly #ended: EndedStories

  /**
   * @param lifetime milliseconds from the creation of a record to its end
   * @param limits how many records there may be
   * @param kept how many of them, at most, are of stories that have ended in this process
   */
  constructor (
    private readonly sessions: Sessions, readonly lifetime: number, private readonly limits: RecordLimits,
    kept: KeptStories
  ) {
    this.#store = sessions.vault.of(PARTITION)
    this.#ended = new EndedStories(lifetime, kept)
  }

  get store (): SealedStore { return this.#store }

  locate (call: string, principal: Principal | null): Located {
    return this.#store.locate(call, principal)
  }

  /**
   * At a limit, ended stories of this process make room: those of the same owner, or any when all owners together have
   * too many.
   *
   * @throws HoldfastError HOLDFAST_LIMIT_REACHED, HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_BACKEND_FULL
   */
  async create ({ key, owner }: Located): Promise<void> {
    const body = await this.#store.seal(key, BODY)
    const record = { key, owner, idle: this.lifetime, absolute: this.lifetime, body }
    for (let attempt = 0; attempt <= MAX_ROOM; attempt++) {
      const created = await this.#store.create(record, this.limits)
      if (created === 'created') return
      const oldest = created === 'full' ? this.#ended.takeAny() : this.#ended.take(owner)
      if (oldest === undefined) break
      await this.#store.remove(oldest)
    }
    throw new HoldfastError('HOLDFAST_LIMIT_REACHED')
  }

  /** Nothing is added to this story any more. */
  ended (located: Located): void {
    const excess = this.#ended.add(located)
    if (excess !== undefined) this.#store.remove(excess).catch(error => this.sessions.report(error))
  }

  /**
   * Appends entries; after an end nothing can be appended. Resolves to the length of the story, to `'ended'` when it
   * had ended before, to `'gone'` when its time is over.
   *
   * @param head stored with the first entries
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_BACKEND_FULL
   */
  async append (key: string, entries: readonly Entry[], head?: CallHead): Promise<number | 'ended' | 'gone'> {
    const { availability, backend } = this.#store
    const ref = { key, name: STREAM }
    const bodies = await Promise.all(entries.map(async entry => await this.#seal(ref, JSON.stringify(entry))))
    const last = entries.at(-1)
    const sealed = head && await this.#seal(ref, JSON.stringify(head))
    return await availability.ask(() => backend.events.append(ref, bodies, {
      ...(sealed !== undefined && { head: sealed }), ...(last !== undefined && 'end' in last && { end: true })
    }))
  }

  /**
   * Undefined when there is no such story, or nobody can open it any more.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_KEY_UNAVAILABLE
   */
  async read (key: string): Promise<StoredCall | undefined> {
    const story = new Story()
    const head = await this.#readInto(story, key)
    return head && { head, story }
  }

  /** Adds to a story what is stored beyond it. False when the stored story is gone. */
  async refresh (key: string, story: Story): Promise<boolean> {
    return await this.#readInto(story, key) !== undefined
  }

  async #readInto (story: Story, key: string): Promise<CallHead | undefined> {
    const ref = { key, name: STREAM }
    let page = await this.#page(key, story.length)
    if (page?.lost === true) {
      // The story was longer than the backend keeps. Its end is there, and what was asked last.
      story.skip(page.floor)
      page = await this.#page(key, page.floor)
    }
    if (page === undefined) return undefined
    try {
      story.add(page.after, await this.#entries(ref, page))
      return JSON.parse(await this.#open(ref, page.head)) as CallHead
    } catch (error) {
      if (!isHoldfastError(error, 'HOLDFAST_INVALID_STATE')) throw error
      this.sessions.emit('unreadable', { label: keyLabel(key), key, kind: 'event', error })
      return undefined
    }
  }

  async #page (key: string, position: number): Promise<StreamPage | undefined> {
    const { availability, backend } = this.#store
    return await availability.ask(() => backend.events.readAfter({ key, name: STREAM }, position, PAGE))
  }

  async #entries (ref: StreamRef, page: StreamPage): Promise<Entry[]> {
    return await Promise.all(page.entries.map(async ({ body }) => entryOf(await this.#open(ref, body))))
  }

  async #seal (ref: StreamRef, text: string): Promise<Uint8Array> {
    return await this.#store.codec.seal('event', eventPlace(ref), Buffer.from(text))
  }

  async #open (ref: StreamRef, sealed: Uint8Array): Promise<string> {
    return Buffer.from(await this.#store.unseal('event', eventPlace(ref), sealed)).toString()
  }
}

function entryOf (text: string): Entry {
  return asEntry(JSON.parse(text) as JsonObject)
}

/** An entry that another replica has written or sent. Its origin is authentic, its version may be newer. */
export function asEntry (given: Readonly<JsonObject>): Entry {
  const known = KINDS.some(kind => isObject(given[kind]) || typeof given[kind] === 'string')
  return known ? given as unknown as Entry : { withdrawn: '' }
}

const KINDS = ['ask', 'answered', 'withdrawn', 'note', 'end']
