import { within } from '@holdfast/core'
import {
  Deadlines, type Expiring, type Inbound, type Reply, type Request, type RequestId, emptyReply,
  jsonReply, messageEvent, streamReply
} from '@holdfast/transport'
import { NO_METHOD, TOO_MANY_CALLS, unavailable } from './endings.js'
import { EndpointEvents } from './endpoint-events.js'
import { Exchange, type ExchangeContext, GONE } from './exchange.js'
import { type HttpFailure, failedReply, failureOutcome } from './failure.js'
import { type Era, type Verb, eraOf, refusedVerb } from './http/era.js'
import { refusedHeaders } from './http/headers.js'
import { refusedParams } from './http/param-headers.js'
import { cacheHints } from './lists/cache-hints.js'
import { type ResultDefaults, completeResult } from './lists/complete-result.js'
import { type ChangedKind, KeptLists } from './lists/kept-lists.js'
import { isAbsent } from './methods.js'
import type { ModernEndpointOptions } from './modern-endpoint-options.js'
import type { CancelReason, ModernServer } from './modern-server.js'
import { OpenResponses } from './open-responses.js'
import { readMessage } from './read-message.js'
import { isRefused, readMeta } from './request-meta.js'
import { refusedRequestParams } from './request-params.js'
import { RunningCalls } from './running-calls.js'

/** Milliseconds that the last words to clients may take when this process ends. */
const LAST_WORDS = 250

const SHUTTING_DOWN = unavailable('Shutting down, try again', 1)

/** MCP 2026-07-28 over HTTP, for any framework: what comes in as `Inbound` goes out as `Reply`. */
export class ModernEndpoint {
  readonly #options: ModernEndpointOptions
  readonly #events: EndpointEvents
  readonly #server: ModernServer
  readonly #running: RunningCalls
  readonly #responses: OpenResponses
  readonly #lists = new KeptLists()
  readonly #defaults: ResultDefaults
  readonly #context: ExchangeContext
  #draining = false

  /** @throws InvalidOptionError when an option of `cache` is wrong */
  constructor (options: ModernEndpointOptions) {
    this.#options = options
    this.#events = new EndpointEvents(options)
    this.#server = options.server
    this.#running = new RunningCalls(options.maxCalls)
    this.#responses = new OpenResponses(options)
    this.#defaults = { hints: cacheHints(options.cache ?? {}), serverInfo: options.serverInfo }
    this.#context = this.#newContext(options)
  }

  /** Calls that run in this process. */
  get runningCalls (): number { return this.#running.size }

  /** Responses with event streams that are open in this process. */
  get openStreams (): number { return this.#responses.size }

  /**
   * Resolves when the server can serve.
   *
   * @throws HoldfastError HOLDFAST_FACTORY_FAILED
   */
  async start (): Promise<void> {
    await this.#server.start()
  }

  /** Who serves a request: this endpoint, the sessions, or nobody, for the reason that the reply gives. */
  era (verb: Verb, inbound: Pick<Inbound, 'headers' | 'body'>): Era | Reply {
    return eraOf(verb, inbound, this.#options.legacy)
  }

  /** The reply to every GET and DELETE of this revision. */
  refuseVerb (): Reply {
    return refusedVerb()
  }

  /** Takes the message of a POST. Neither throws nor rejects. */
  post (inbound: Inbound): Reply | Promise<Reply> {
    const beganAt = performance.now()
    const message = readMessage(inbound.body)
    if ('status' in message) return this.#refused(undefined, beganAt, message)
    // This revision gives no notification of a client a meaning.
    if (!('id' in message)) return emptyReply(202)
    const { id, method, params } = message
    const meta = readMeta(id, params, inbound)
    if (isRefused(meta)) return this.#refused(method, beganAt, meta)
    inbound.known?.(meta)
    const refused = refusedHeaders(message, inbound) ?? this.#refusal(method) ?? refusedRequestParams(message)
    if (refused !== undefined) return this.#refused(method, beganAt, failedReply(id, refused))
    try {
      const place = this.#lists.place(message, () => this.#options.serverKey?.(inbound) ?? '')
      const kept = place && this.#lists.get(place, beganAt)
      if (kept !== undefined) return this.#keptReply(message, beganAt, kept)
      return this.#run(new Exchange(this.#context, message, meta, inbound, beganAt, place))
    } catch (error) {
      return this.#refused(method, beganAt, this.#failedReply(id, error))
    }
  }

  /** The lists of this kind are other ones from now on; without a kind, all of them. */
  changed (kind?: ChangedKind): void {
    this.#lists.changed(kind)
  }

  /**
   * Takes no new call, and gives time to those that run. The last 250 ms are for the calls that are left: they are
   * answered with an error. Resolves in time, also when the server never answers.
   *
   * @param timeout milliseconds
   */
  async drain (timeout = 10_000): Promise<void> {
    this.#draining = true
    await within(this.#running.idle(), Math.max(0, timeout - LAST_WORDS))
    this.#running.stop()
    await within(this.#responses.empty(), LAST_WORDS)
  }

  /**
   * Lets go of the calls that are left, of their responses, and of the server. Resolves in time.
   *
   * @param timeout milliseconds
   */
  async close (timeout = 10_000): Promise<void> {
    this.#draining = true
    this.#running.stop()
    this.#responses.close()
    try {
      if (await within(this.#server.close(), timeout)) return
      this.#events.report(new Error('the modern server could not let go of everything in time'))
    } catch (error) {
      this.#events.report(error)
    }
  }

  #newContext ({ responseMode, streamAfter, callTimeout, sessions }: ModernEndpointOptions): ExchangeContext {
    const report = (error: unknown): void => sessions.report(error)
    return {
      responseMode,
      slowCalls: responseMode === 'auto' ? new Deadlines(streamAfter, call => call.slow(), report) : undefined,
      deadlines: new Deadlines<Expiring>(callTimeout, deadline => deadline.expire(), report),
      responses: this.#responses,
      encode: (call, result) => this.#encode(call, result),
      cancel: (call, reason) => this.#cancel(call, reason),
      failed: ({ inbound }, error) => this.#events.failed(error, inbound),
      ended: (call, how) => {
        this.#running.leave(call)
        this.#events.ended(call.request.method, call.beganAt, how)
      },
      report
    }
  }

  #refusal (method: string): HttpFailure | undefined {
    if (isAbsent(method)) return NO_METHOD
    return this.#draining ? SHUTTING_DOWN : undefined
  }

  #run (call: Exchange): Reply | Promise<Reply> {
    const { request: { id, method }, inbound, beganAt } = call
    if (inbound.isGone()) return this.#refused(method, beganAt, GONE)
    if (!this.#running.enter(call)) return this.#refused(method, beganAt, failedReply(id, TOO_MANY_CALLS))
    const failed = (error: unknown): void => {
      this.#events.reportDefect(error)
      call.end(failureOutcome(error))
    }
    try {
      const serving = this.#serve(call)
      if (serving !== undefined) serving.catch(failed)
    } catch (error) {
      failed(error)
    }
    return call.reply()
  }

  #serve (call: Exchange): void | Promise<void> {
    const { method, params } = call.request
    if (method !== 'tools/call' || typeof params?.name !== 'string') return this.#server.serve(call)
    const schema = this.#server.inputSchema(call, params.name)
    return schema instanceof Promise
      ? schema.then(async schema => await this.#serveChecked(call, schema))
      : this.#serveChecked(call, schema)
  }

  /** Serves a call of a tool whose headers say what its arguments say. */
  #serveChecked (call: Exchange, schema: unknown): void | Promise<void> {
    if (call.isOver) return
    const refused = refusedParams(schema, call.request.params?.arguments, call.inbound)
    return refused === undefined ? this.#server.serve(call) : call.refuse(refused)
  }

  #encode ({ request, place, inbound }: Exchange, result: Readonly<Record<string, unknown>>): string {
    this.#events.succeeded(request, result, inbound)
    const complete = completeResult(request, result, this.#defaults)
    const json = JSON.stringify(complete)
    if (place !== undefined && complete.cacheScope === 'public' && complete.resultType === 'complete') {
      this.#lists.put(place, json, complete.ttlMs as number)
    }
    return response(request.id, json)
  }

  #cancel (call: Exchange, reason: CancelReason): void {
    try {
      this.#server.cancel(call, reason)
    } catch (error) {
      this.#events.report(error)
    }
  }

  #keptReply ({ id, method }: Request, beganAt: number, kept: string): Reply {
    this.#events.ended(method, beganAt, 'result')
    const json = response(id, kept)
    return this.#options.responseMode === 'sse' ? streamReply(messageEvent(json)) : jsonReply(json)
  }

  #failedReply (id: RequestId, failure: unknown): Reply {
    this.#events.reportDefect(failure)
    return failedReply(id, failureOutcome(failure))
  }

  #refused (method: string | undefined, beganAt: number, reply: Reply): Reply {
    this.#events.ended(method, beganAt, 'refused')
    return reply
  }
}

function response (id: RequestId, result: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`
}
