import {
  type AppendOptions, type Session, type Sessions, type StreamPage, type StreamRef, eventPlace, isHoldfastError,
  keyLabel
} from '@holdfast/core'
import { type RequestId, SERVER_ERROR, errorMessage } from '../http/json-rpc.js'
import type { LogPage } from './event-stream.js'
import { type Deliver, LogWriter } from './log-writer.js'

/** The stream for messages that belong to no request of the client. */
export const STANDALONE = 'standalone'

/** The error message for a request without an answer. */
export const INTERRUPTED = 'The request was interrupted; it may have run'

/** A position that no stream reaches. It means: the client knows that the rest is lost. */
const LOST_POSITION = 999_999_999_999_999
/** Entries that are read at a time. */
const PAGE_SIZE = 64

/** The head of a stream: the requests that the stream answers. */
interface Head { ids: RequestId[] }

interface OpenedPage extends Omit<StreamPage, 'head' | 'entries'>, LogPage {
  ids: RequestId[]
}

/** The logs of all streams. It seals and opens the entries, and knows which streams this process writes to. */
export class StreamLog {
  /** The names of the streams to which requests in this process write. */
  readonly #running = new Set<string>()
  #count = 0

  constructor (private readonly sessions: Sessions) {}

  /** A name for a new stream. It contains the replica that writes to the stream. */
  name (): string {
    return `${this.sessions.fleet.replica}.${++this.#count}`
  }

  /** A name for a new stream to which this process writes until {@link end}. */
  begin (): string {
    const name = this.name()
    this.#running.add(name)
    return name
  }

  /** This process has stopped writing to a stream. */
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

  /** Reads entries. An entry that cannot be opened counts as lost, like a trimmed one. */
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

  /** The messages that a response sends next: those of the log, or errors when the log cannot go on. */
  async next (ref: StreamRef, position: number): Promise<LogPage> {
    const page = await this.read(ref, position)
    if (ref.name === STANDALONE) {
      if (page === undefined) return { after: 0, messages: [], ended: false }
      // No request of the client waits for this stream, so after a gap the client gets the rest without an error.
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

  /** Resolves to the position of the last message; to undefined when logging failed. */
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

  /** Opens an entry. Reports an entry that no key will open, and resolves to undefined for it. */
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

  async #endOrphan (ref: StreamRef, page: OpenedPage): Promise<LogPage> {
    await this.append(ref, interruptions(page.ids), { end: true })
    const rest = await this.read(ref, page.after)
    return rest === undefined || rest.lost ? lost(page.ids) : rest
  }
}

/** The error answers to requests whose replica is gone. */
export function interruptions (ids: Iterable<RequestId>): string[] {
  return errors(ids, INTERRUPTED)
}

function lost (ids: RequestId[]): LogPage {
  return {
    after: LOST_POSITION - ids.length,
    messages: errors(ids, 'Events of this stream were lost; the request may have run'),
    ended: true
  }
}

function errors (ids: Iterable<RequestId>, message: string): string[] {
  return Array.from(ids, id => JSON.stringify(errorMessage(id, SERVER_ERROR, message)))
}
