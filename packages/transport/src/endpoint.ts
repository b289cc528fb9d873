import {
  type Asked, type ClientCounts, type FleetReport, HoldfastError, type RecordKey, RollCall, type Session, type Sessions,
  within
} from '@holdfast/core'
import { type CallLimits, refusedCalls, tooManyCalls } from './calls/call-limits.js'
import { Calls, revisionOf } from './calls/calls.js'
import { Deadlines, type Expiring } from './calls/deadlines.js'
import type { ExchangeSettings } from './calls/exchange.js'
import { HandlerExtra } from './calls/handler-extra.js'
import { assumeHandshake, initialize } from './calls/handshake.js'
import { SessionCall } from './calls/session-call.js'
import { routeAnswer, routeNotification } from './fleet/message-routing.js'
import { type FleetHandlers, Replica, type ReplicaSettings } from './fleet/replica.js'
import { VERSIONS } from './fleet/own-versions.js'
import { type Messages, carries, isReply, readMessages, soleId } from './http/body.js'
import { type Inbound, header } from './http/inbound.js'
import { INVALID_REQUEST, type Request, type RequestId, SERVER_ERROR } from './http/json-rpc.js'
import { type Reply, emptyReply, errorReply, failureReply, isExpected, notFoundReply } from './http/reply.js'
import { refusedVersion } from './http/versions.js'
import type { RenewContext } from './live/context-renewal.js'
import type { LiveSession } from './live/live-session.js'
import { LiveSessions, type LiveSettings } from './live/live-sessions.js'
import { OpenStreams, type StreamSettings } from './streams/open-streams.js'
import { openStream } from './streams/last-event-id.js'
import { StreamLog } from './streams/stream-log.js'

/** What an {@link Endpoint} works with. Nothing has a default here: the README lists those that the plugin sets. */
export interface EndpointOptions extends LiveSettings, ExchangeSettings, ReplicaSettings, StreamSettings, CallLimits {
  sessions: Sessions
  /**
   * Milliseconds that a request may take, of the client or of the server. Then the client's is cancelled in the server
   * and answered with an error; the server's is answered with an error.
   */
  callTimeout: number
  /** Takes the messages between replicas that concern no session. */
  fleetHandlers?: FleetHandlers
  /** Says who asked this process since it began. */
  counts?: () => ClientCounts
}

/** Milliseconds that the last words to clients may take when this process ends. */
const LAST_WORDS = 250

/** Client notifications that need no server object: a dormant session stays dormant. */
const SERVERLESS = new Set(['notifications/initialized', 'notifications/cancelled', 'notifications/progress'])

/**
 * MCP's Streamable HTTP for durable sessions, for any framework: what comes in as {@link Inbound} goes out as
 * {@link Reply}.
 */
export class Endpoint {
  readonly sessions: Sessions
  readonly #streams: OpenStreams
  readonly #live: LiveSessions
  readonly #calls: Calls
  readonly #replica: Replica
  readonly #rollCall: RollCall
  readonly #limits: CallLimits
  #draining = false

  constructor (options: EndpointOptions) {
    const { sessions } = options
    const log = new StreamLog(sessions)
    const deadlines = new Deadlines<Expiring>(
      options.callTimeout, item => item.expire(), error => sessions.report(error)
    )
    this.sessions = sessions
    this.#limits = options
    this.#streams = new OpenStreams(sessions, log, options)
    this.#live = new LiveSessions(sessions, log, this.#streams, options, deadlines)
    this.#calls = new Calls(sessions, log, this.#streams, options, options, deadlines)
    const { counts } = options
    this.#rollCall = new RollCall(sessions, asked => ({
      live: this.#live.size,
      streams: this.#streams.count(),
      draining: this.#draining,
      versions: VERSIONS,
      ...(asked.counts === true && counts !== undefined && { counts: counts() })
    }))
    this.#replica = new Replica(
      sessions, this.#live, this.#streams, this.#rollCall, options, options.fleetHandlers
    )
  }

  /** Sessions with a server object in this process. */
  get liveCount (): number { return this.#live.size }

  /** Their record keys. */
  get liveKeys (): Iterable<RecordKey> { return this.#live.keys }

  /** What a session has in this process. */
  here (key: RecordKey): { live: boolean, streams: number } {
    return { live: this.#live.get(key) !== undefined, streams: this.#streams.count(key) }
  }

  /**
   * What every replica of the fleet says of itself within half a second.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE
   */
  async fleet (asked: Asked = {}): Promise<FleetReport> {
    return await this.#rollCall.call(asked)
  }

  /** Responses with event streams that are open in this process. */
  get openStreams (): number { return this.#streams.count() }

  /** Events that streams took from the log, and not from who wrote them, since this process began. */
  get replayedEvents (): number { return this.#streams.replayed }

  /** Joins the fleet. Resolves even while the backend is down. */
  async start (): Promise<void> {
    await this.#replica.start()
  }

  /**
   * Takes no new request, sends the clients of open streams elsewhere, and gives time to running calls and to calls
   * that wait for their server. The last 250 ms are for the calls that are left: they are answered with an error.
   * Resolves in time, also when servers or the backend never answer.
   *
   * @param timeout milliseconds
   */
  async drain (timeout = 10_000): Promise<void> {
    this.#draining = true
    this.#streams.drain('running')
    await this.#live.idle(Math.max(0, timeout - LAST_WORDS))
    this.#live.stop()
    await within(Promise.allSettled(Array.from(this.#live, async live => await live.transport.abandon())), LAST_WORDS)
    this.#streams.drain('none')
  }

  /**
   * Leaves the fleet and lets go of every server object. The sessions go on. Resolves in time, also when servers or the
   * backend never answer; `sessions` emits their later failures as `error`.
   *
   * @param timeout milliseconds
   */
  async close (timeout = 10_000): Promise<void> {
    const closing = Promise.all([this.#replica.stop(), this.#live.close()])
    if (!await within(closing, timeout)) {
      this.sessions.emit('error', { error: new Error('the endpoint could not let go of everything in time') })
    }
  }

  /** Takes messages of a client. */
  async post (inbound: Inbound): Promise<Reply> {
    const messages = readMessages(inbound.body)
    if (isReply(messages)) return messages
    const id = soleId(messages)
    try {
      const [first] = messages.requests
      // Answers and cancellations are for calls that still run.
      if (first !== undefined) this.#refuseWhileDraining()
      if (first !== undefined && carries(messages, 'initialize')) {
        return await this.#initialize(inbound, messages, first)
      }
      const refused = refusal(inbound, id, claimedVersion(first))
      if (refused !== undefined) return refused
      const renew = renewal(inbound)
      const reply = await this.#live.withSession(sessionId(inbound), inbound.principal, first !== undefined,
        (session, live) => this.#receive(session, live, inbound, messages, renew), renew)
      return reply ?? this.#notFound(id)
    } catch (error) {
      return this.#failed(error, id)
    }
  }

  /** Opens the standalone stream, or resumes the stream that `Last-Event-ID` names. */
  async get (inbound: Inbound): Promise<Reply> {
    try {
      this.#refuseWhileDraining()
      const refused = refusal(inbound, null)
      if (refused !== undefined) return refused
      // An open stream needs no server object, so the session is used for no longer than it takes to find it.
      const session = await this.#live.withSession(sessionId(inbound), inbound.principal, false, session => session)
      if (session === undefined) return this.#notFound(null)
      inbound.found?.(session)
      const { priming } = revisionOf(session, inbound)
      return await openStream(this.#streams, session, header(inbound, 'last-event-id'), priming)
    } catch (error) {
      return this.#failed(error, null)
    }
  }

  /** Ends the session. */
  async delete (inbound: Inbound): Promise<Reply> {
    try {
      this.#refuseWhileDraining()
      const refused = refusal(inbound, null)
      if (refused !== undefined) return refused
      return await this.#live.terminate(sessionId(inbound), inbound.principal) ? emptyReply(200) : this.#notFound(null)
    } catch (error) {
      return this.#failed(error, null)
    }
  }

  #refuseWhileDraining (): void {
    if (this.#draining) throw new HoldfastError('HOLDFAST_CLOSED')
  }

  #notFound (id: RequestId | null): Reply {
    return this.sessions.incomplete
      ? failureReply(new HoldfastError('HOLDFAST_KEY_UNAVAILABLE'), id)
      : notFoundReply(id)
  }

  #failed (error: unknown, id: RequestId | null): Reply {
    if (!isExpected(error)) this.sessions.emit('error', { error })
    return failureReply(error, id)
  }

  async #initialize (inbound: Inbound, { batch }: Messages, request: Request): Promise<Reply> {
    if (batch) return errorReply(400, null, INVALID_REQUEST, 'Invalid Request: initialize must not be part of a batch')
    return await initialize(this.#calls, this.#live, inbound, request)
  }

  // These are not async: a promise more for every call, and mostly nothing to wait for.

  #receive (
    session: Session,
    live: LiveSession | undefined,
    inbound: Inbound,
    messages: Messages,
    renew: RenewContext | undefined
  ): Promise<Reply> | Reply {
    if (session.state.handshake.protocolVersion !== '') return this.#serve(session, live, inbound, messages, renew)
    return assumeHandshake(session, inbound).then(() => this.#serve(session, live, inbound, messages, renew))
  }

  #serve (
    session: Session,
    live: LiveSession | undefined,
    inbound: Inbound,
    messages: Messages,
    renew: RenewContext | undefined
  ): Promise<Reply> | Reply {
    if (this.#isCrowded(session, live, messages)) return tooManyCalls(soleId(messages))
    if (!this.#needsServer(session, live, messages)) return this.#dispatch(session, live, inbound, messages)
    return this.#live.withServer(
      session, true, started => this.#dispatch(started.session, started, inbound, messages), renew
    )
  }

  /** Whether too much is on its way into a session. Where calls run, answers and cancellations must reach them. */
  #isCrowded ({ key }: Session, live: LiveSession | undefined, { requests }: Messages): boolean {
    const { maxCalls } = this.#limits
    return live === undefined ? this.#live.waiting(key) >= maxCalls : requests.length > 0 && live.entered > 2 * maxCalls
  }

  #needsServer ({ key }: Session, live: LiveSession | undefined, { requests, notifications }: Messages): boolean {
    if (live !== undefined || this.#draining) return false
    return requests.length > 0 || notifications.some(({ method }) => !SERVERLESS.has(method)) ||
      this.#live.isStarting(key)
  }

  #dispatch (
    session: Session,
    live: LiveSession | undefined,
    inbound: Inbound,
    messages: Messages
  ): Promise<Reply> | Reply {
    inbound.found?.(session)
    const { notifications, responses, batch } = messages
    if (batch && !revisionOf(session, inbound).batches) {
      return errorReply(400, null, INVALID_REQUEST, 'Invalid Request: this protocol version has no batches')
    }
    if (live !== undefined && notifications.length + responses.length === 0) return this.#run(live, inbound, messages)
    return this.#dispatchMixed(session, live, inbound, messages)
  }

  #run (live: LiveSession, inbound: Inbound, messages: Messages): Promise<Reply> | Reply {
    const { requests, batch } = messages
    // While it was looked for, this process may have begun to end.
    this.#refuseWhileDraining()
    const refused = refusedCalls(live, requests, batch, this.#limits)
    if (refused !== undefined) return refused
    if (this.#live.admit(live)) return this.#calls.run(live, inbound, requests, { batch })
    return this.#live.whenAdmitted(live, admitted => this.#run(admitted, inbound, messages))
  }

  async #dispatchMixed (
    session: Session,
    live: LiveSession | undefined,
    inbound: Inbound,
    messages: Messages
  ): Promise<Reply> {
    const { requests, notifications, responses, batch } = messages
    // Of a batch that is refused nothing happens. Nor does anything run that found its session dormant when this
    // process began to end.
    if (requests.length > 0) this.#refuseWhileDraining()
    const refused = live && refusedCalls(live, requests, batch, this.#limits)
    if (refused !== undefined) return refused
    for (const notification of notifications) {
      const extra = new HandlerExtra(inbound, new SessionCall(session, inbound))
      await routeNotification(this.sessions, session, live, notification, extra)
    }
    let accepted = true
    for (const response of responses) if (!await routeAnswer(this.sessions, session, live, response)) accepted = false
    if (live !== undefined && requests.length > 0) return await this.#run(live, inbound, messages)
    return accepted
      ? emptyReply(202)
      : errorReply(400, null, INVALID_REQUEST, 'Invalid Request: no request waits for this response')
  }
}

/** The reply to a request that names no revision of ours, or no session. */
function refusal (inbound: Inbound, id: RequestId | null, claimed?: unknown): Reply | undefined {
  const refused = refusedVersion(header(inbound, 'mcp-protocol-version') ?? claimed, id)
  if (refused !== undefined || header(inbound, 'mcp-session-id') !== undefined) return refused
  return errorReply(400, id, SERVER_ERROR, 'Bad Request: the Mcp-Session-Id header is required')
}

/** Renews once for a request, although its session may become live again just for what the renewal said. */
function renewal ({ renewContext }: Inbound): RenewContext | undefined {
  let renewed: ReturnType<RenewContext> | undefined
  return renewContext && (current => {
    renewed ??= renewContext(current)
    return renewed
  })
}

function sessionId (inbound: Inbound): string {
  return header(inbound, 'mcp-session-id') as string
}

/** MCP 2026-07-28 names its version in each request. */
function claimedVersion (request: Request | undefined): unknown {
  return request?.params?._meta?.['io.modelcontextprotocol/protocolVersion']
}
