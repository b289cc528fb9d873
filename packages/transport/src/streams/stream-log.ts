import {
  type AppendOptions, type Session, type Sessions, type StreamPage, type StreamRef, eventPlace, isHoldfastError,
  keyLabel
} from '@holdfast/core'
import { type RequestId, SERVER_ERROR, errorMessage } from '../http/json-rpc.js'
import type { Page } from './event-stream.js'
import { type Deliver, LogWriter } from './log-writer.js'

/** The stream for what belongs to no request of the client. */
export const STANDALONE = 'standalone'

/** What is said of a request that was not answered. */
export const INTERRUPTED = 'The request was interrupted; it may have run'

/** A position no stream reaches: the client was told that the rest is lost. */
const END = 999_999_999_999_999
const PAGE_SIZE = 64

/** What is stored beside a stream: the requests that it answers. */
interface Head { ids: RequestId[] }

interface OpenedPage extends Omit<StreamPage, 'head' | 'entries'>, Page {
  ids: RequestId[]
}

/** The logs of all streams, opened and sealed on the way, and who writes to them. */
export class StreamLog {
  /** Names of streams that a request running here writes to. */
  readonly #running = new Set<string>()
  #count = 0

  constructor (private readonly sessions: Sessions) {}

  /** A name for a new stream: it says which replica writes to it. */
  name (): string {
    return `${this.sessions.fleet.replica}.${++this.#count}`
  }

  /** A name for a stream that is written to for a while. */
  begin (): string {
    const name = this.name()
    this.#running.add(name)
    return name
  }

  /** Nothing here writes to a stream any more. */
  end (name: string): void {
    this.#running.delete(name)
  }

  isRunning (name: string): boolean { return this.#running.has(name) }

  /** @param ids the requests that the stream answers */
  writer (session: Session, name: string, deliver: Deliver, ids?: RequestId[]): LogWriter {
    const ref = { key: session.key, name }
    return new LogWriter(
      async (messages, options) => await this.append(ref, messages, options),
      deliver,
      ids && Buffer.from(JSON.stringify({ ids } satisfies Head))
    )
  }

  /** An entry that cannot be opened is lost, like one that was trimmed away. */
  async read (ref: StreamRef, position: number | 'undelivered'): Promise<OpenedPage | undefined> {
    const { availability, backend } = this.sessions.vault
    const page = await availability.ask(() => backend.events.readAfter(ref, position, PAGE_SIZE))
    if (page === undefined) return undefined
    const head = page.head.length === 0 ? undefined : await this.#open(ref, page.head)
    const ids = head === undefined ? [] : (JSON.parse(head) as Head).ids
    const messages: string[] = []
    for (const message of await Promise.all(page.entries.map(async ({ body }) => await this.#open(ref, body)))) {
      if (message === undefined) {
        return { ...page, ids, messages, ended: false, lost: messages.length === 0, floor: page.after + 1 }
      }
      messages.push(message)
    }
    return { ...page, ids, messages }
  }

  /** What a response sends next: the log, or an error where the log cannot go on. */
  async next (ref: StreamRef, position: number): Promise<Page> {
    const page = await this.read(ref, position)
    if (ref.name === STANDALONE) {
      if (page === undefined) return { after: 0, messages: [], ended: false }
      // After a gap the client gets what there is: no request of its own waits here.
      return page.lost ? await this.next(ref, page.floor) : page
    }
    if (page === undefined || page.lost) return lost(page?.ids ?? [])
    if (!page.ended && page.messages.length === 0 && await this.#orphaned(ref.name)) {
      return await this.#endOrphan(ref, page)
    }
    return page
  }

  async delivered (ref: StreamRef, position: number): Promise<void> {
    const { availability, backend } = this.sessions.vault
    await availability.ask(() => backend.events.delivered(ref, position))
  }

  /** The position of the last message; undefined when they could not be logged. */
  async append (ref: StreamRef, messages: readonly string[], options: AppendOptions): Promise<number | undefined> {
    const { availability, backend, codec } = this.sessions.vault
    try {
      const bodies: Uint8Array[] = []
      for (const message of messages) {
        const sealed = codec.seal('event', eventPlace(ref), Buffer.from(message))
        bodies.push(sealed instanceof Promise ? await sealed : sealed)
      }
      if (options.head !== undefined) {
        options = { ...options, head: await codec.seal('event', eventPlace(ref), options.head) }
      }
      const last = await availability.ask(() => backend.events.append(ref, bodies, options))
      return typeof last === 'number' ? last : undefined
    } catch (error) {
      this.sessions.report(error)
      return undefined
    }
  }

  /** Undefined, which is reported, for what no key will open. */
  async #open (ref: StreamRef, sealed: Uint8Array): Promise<string | undefined> {
    try {
      return Buffer.from(await this.sessions.vault.codec.open('event', eventPlace(ref), sealed)).toString()
    } catch (error) {
      if (isHoldfastError(error, 'HOLDFAST_KEY_UNAVAILABLE')) throw error
      this.sessions.emit('unreadable', { label: keyLabel(ref.key), key: ref.key, kind: 'event', error })
      return undefined
    }
  }

  async #orphaned (name: string): Promise<boolean> {
    const replica = name.slice(0, name.indexOf('.'))
    if (replica === this.sessions.fleet.replica) return !this.#running.has(name)
    const { availability, backend } = this.sessions.vault
    return !await availability.ask(() => backend.presence.isPresent(replica))
  }

  async #endOrphan (ref: StreamRef, page: OpenedPage): Promise<Page> {
    await this.append(ref, interruptions(page.ids), { end: true })
    const rest = await this.read(ref, page.after)
    return rest === undefined || rest.lost ? lost(page.ids) : rest
  }
}

/** What requests are answered with when the replica that ran them is gone. */
export function interruptions (ids: Iterable<RequestId>): string[] {
  return errors(ids, INTERRUPTED)
}

function lost (ids: RequestId[]): Page {
  return {
    after: END - ids.length,
    messages: errors(ids, 'Events of this stream were lost; the request may have run'),
    ended: true
  }
}

function errors (ids: Iterable<RequestId>, message: string): string[] {
  return Array.from(ids, id => JSON.stringify(errorMessage(id, SERVER_ERROR, message)))
}
