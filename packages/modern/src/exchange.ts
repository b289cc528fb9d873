import {
  type Deadlines, type Expiring, type Inbound, type Notification, type Reply, type Request,
  type ResponseMode, type Waiting, emptyReply, errorMessage, errorReply, jsonReply, messageEvent, streamReply
} from '@holdfast/transport'
import { currentCode, statusOf } from './error-codes.js'
import { OWNER_GONE, TIMED_OUT, unavailable } from './endings.js'
import { type Failure, INTERNAL } from './failure.js'
import type { ListPlace } from './lists/kept-lists.js'
import type { ModernCall, Outcome } from './modern-call.js'
import type { CancelReason } from './modern-server.js'
import type { OpenResponses } from './open-responses.js'
import type { RequestMeta } from './request-meta.js'
import type { ResponseStream } from './response-stream.js'
import { isWanted } from './wanted.js'

/** How a call ended. `cut`: its client read too slowly. `refused`: it never ran. */
export type CallEnd = 'result' | 'input_required' | 'error' | 'gone' | 'cut' | 'timeout' | 'closing' | 'refused'

/** What all calls of an endpoint share. */
export interface ExchangeContext {
  responseMode: ResponseMode
  /** Turns slow responses into streams; undefined where none must become one. */
  slowCalls: Deadlines<Exchange> | undefined
  deadlines: Deadlines<Expiring>
  responses: OpenResponses
  /** The result as JSON, complete with what the revision demands. */
  encode (call: Exchange, result: Readonly<Record<string, unknown>>): string
  /** Stops the call in the server. */
  cancel (call: Exchange, reason: CancelReason): void
  /** Called with the error of a call, before it ends. */
  failed (call: Exchange, error: Failure['error']): void
  /** Called once for each call. */
  ended (call: Exchange, how: CallEnd): void
  report (error: unknown): void
}

/** The client disconnected, so nobody reads this. The status is nginx's word for it. */
export const GONE = emptyReply(499)

/** The deadline of a call. The call itself is an item of the slow calls, which have another deadline. */
class Deadline implements Expiring {
  declare older?: Expiring | undefined
  declare newer?: Expiring | undefined
  declare since: number

  constructor (private readonly exchange: Exchange) {}

  expire (): void { this.exchange.stop('timeout') }
}

/** Milliseconds in which it is known whether the storage is down. It is called down within 750. */
const STORAGE_PATIENCE = 1_000

/** One request, from its arrival until its answer is on its way. */
export class Exchange implements ModernCall, Waiting<Exchange> {
  declare older?: Exchange | undefined
  declare newer?: Exchange | undefined
  declare since: number
  #over = false
  #reply: Reply | undefined
  #resolve: ((reply: Reply) => void) | undefined
  #stream: ResponseStream | undefined
  #deadline: Deadline | undefined
  /** By the monotonic clock. */
  #usesStorageSince = -Infinity
  #patience: NodeJS.Timeout | undefined

  constructor (
    private readonly context: ExchangeContext,
    readonly request: Request,
    readonly meta: RequestMeta,
    readonly inbound: Inbound,
    /** By the monotonic clock. */
    readonly beganAt: number,
    /** Where the result may be kept. */
    readonly place: ListPlace | undefined
  ) {}

  get isOver (): boolean { return this.#over }

  notify (notification: Notification): void {
    if (this.#over || this.context.responseMode === 'json' || !isWanted(notification, this.meta)) return
    let json
    try {
      json = JSON.stringify({ ...notification, jsonrpc: '2.0' })
    } catch (error) {
      return this.context.report(error)
    }
    this.openStream()
    this.#stream?.offer(messageEvent(json))
  }

  usesStorage (): void {
    this.#usesStorageSince = performance.now()
  }

  /** The call takes so long that its response should become a stream. */
  slow (): void {
    const left = this.#usesStorageSince + STORAGE_PATIENCE - performance.now()
    if (left <= 0) return this.openStream()
    this.#patience = setTimeout(() => this.slow(), left).unref()
  }

  end (outcome: Outcome): void {
    if (this.#over) return
    if ('error' in outcome) return this.#fail(outcome, 'error')
    let json
    try {
      json = this.context.encode(this, outcome.result)
    } catch (error) {
      this.context.report(error)
      return this.#fail(INTERNAL, 'error')
    }
    this.#close(outcome.result.resultType === 'input_required' ? 'input_required' : 'result')
    this.#answer(json)
  }

  /** Ends the call before the server gets it. */
  refuse (failure: Failure): void {
    if (!this.#over) this.#fail(failure, 'refused')
  }

  /** Ends the call without an answer of the server. */
  stop (reason: CancelReason): void {
    if (this.#over) return
    if (reason === 'timeout') this.#fail(TIMED_OUT, reason)
    else if (reason === 'closing') this.#fail(CLOSING, reason)
    else this.#leave('gone')
    this.context.cancel(this, reason)
  }

  /**
   * The reply: at once when there is one, else when the call is over or its response becomes a stream. To be called
   * once, when the server has got the call.
   */
  reply (): Reply | Promise<Reply> {
    if (!this.#over) this.#wait()
    return this.#reply ?? new Promise(resolve => { this.#resolve = resolve })
  }

  /** Turns the response into a stream, unless there is an answer. */
  openStream (): void {
    if (this.#over || this.#stream !== undefined) return
    this.#stream = this.context.responses.open(() => {
      // Also after the last event, when it does not matter any more.
      if (!this.#over) this.#cut()
    })
    this.#settle(streamReply(this.#stream))
  }

  #wait (): void {
    const { inbound, context } = this
    if (inbound.isGone()) return this.stop('gone')
    inbound.onGone?.(() => this.stop('gone'))
    context.deadlines.add(this.#deadline = new Deadline(this))
    if (context.responseMode === 'sse') this.openStream()
    else if (this.#stream === undefined) context.slowCalls?.add(this)
  }

  /** The stream has ended before the call: its reader has gone, or was too slow. */
  #cut (): void {
    this.#leave(this.inbound.isGone() ? 'gone' : 'cut')
    this.context.cancel(this, 'gone')
  }

  #leave (how: CallEnd): void {
    this.#close(how)
    this.#stream?.destroy()
    this.#settle(GONE)
  }

  #fail ({ error, status, retryAfter, authenticate }: Failure, how: CallEnd): void {
    if (error.data !== undefined) this.context.failed(this, error)
    this.#close(how)
    const { message, data } = error
    const code = currentCode(error.code)
    const extra = {
      ...(retryAfter !== undefined && { retryAfter }), ...(authenticate !== undefined && { authenticate })
    }
    try {
      this.#sendError(status ?? statusOf(code), code, message, { ...extra, data })
    } catch (failure) {
      // The data is no JSON.
      this.context.report(failure)
      this.#sendError(status ?? statusOf(code), code, message, extra)
    }
  }

  #sendError (status: number, code: number, message: string, extra: Parameters<typeof errorReply>[4] = {}): void {
    const { id } = this.request
    if (this.#stream !== undefined || status === 200) {
      this.#answer(JSON.stringify(errorMessage(id, code, message, extra.data)))
    } else {
      this.#settle(errorReply(status, id, code, message, extra))
    }
  }

  #answer (json: string): void {
    if (this.#stream !== undefined) this.#stream.finish(messageEvent(json))
    else this.#settle(this.context.responseMode === 'sse' ? streamReply(messageEvent(json)) : jsonReply(json))
  }

  #settle (reply: Reply): void {
    this.#reply = reply
    this.#resolve?.(reply)
  }

  #close (how: CallEnd): void {
    this.#over = true
    if (this.#deadline !== undefined) {
      this.context.deadlines.delete(this.#deadline)
      this.context.slowCalls?.delete(this)
      clearTimeout(this.#patience)
    }
    this.context.ended(this, how)
  }
}

/** It is not known how far the call came. Nothing runs it again but its client. */
const CLOSING = unavailable(OWNER_GONE.error.message, 1)
