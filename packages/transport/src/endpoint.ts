import { HoldfastError, type JsonObject, type Session, type Sessions, isObject } from '@holdfast/core'
import { type Messages, carries, isReply, readMessages, repeatedId, soleId } from './body.js'
import { parseEventId } from './event.js'
import { Exchange, type ExchangeContext, type ExchangeSettings } from './exchange.js'
import { Extra, type Inbound, header } from './inbound.js'
import { INVALID_PARAMS, INVALID_REQUEST, type Notification, type Request, type RequestId, type Response, SERVER_ERROR } from './json-rpc.js'
import type { LiveSession } from './live-session.js'
import { type Found, LiveSessions, type LiveSettings } from './live-sessions.js'
import { Replica, type ReplicaSettings, takeAnswer, takeNotification } from './replica.js'
import { replayedChange } from './replayed.js'
import { type Reply, emptyReply, errorReply, failureReply, isExpected, notFoundReply, streamReply } from './reply.js'
import { STANDALONE, StreamLog } from './stream-log.js'
import { Streams } from './streams.js'
import { refusedVersion, revision } from './versions.js'
import { progressToken, replicaOf } from './wire-ids.js'

export interface EndpointOptions extends LiveSettings, ExchangeSettings, ReplicaSettings {
  sessions: Sessions
  /** Bytes that may wait for a slow reader of a stream. */
  maxBuffered: number
}

/** Client notifications that need no server object: a dormant session stays dormant. */
const SERVERLESS = new Set(['notifications/initialized', 'notifications/cancelled', 'notifications/progress'])

/** MCP's Streamable HTTP for durable sessions, for any framework: what comes in as {@link Inbound} goes out as {@link Reply}. */
export class Endpoint {
  readonly sessions: Sessions
  readonly #settings: EndpointOptions
  readonly #log: StreamLog
  readonly #streams: Streams
  readonly #live: LiveSessions
  readonly #replica: Replica
  #draining = false

  constructor (options: EndpointOptions) {
    this.sessions = options.sessions
    this.#settings = options
    this.#log = new StreamLog(options.sessions)
    this.#streams = new Streams(options.sessions, this.#log, options)
    this.#live = new LiveSessions(options.sessions, this.#log, this.#streams, options)
    this.#replica = new Replica(options.sessions, this.#live, this.#streams, options)
  }

  /** Sessions with a server object in this process. */
  get liveCount (): number { return this.#live.size }

  /** Joins the fleet. Resolves even while the backend is down. */
  async start (): Promise<void> {
    await this.#replica.start()
  }

  /**
   * Takes nothing new, sends clients of open streams elsewhere, and gives running calls their time. What is left then is
   * answered with an error.
   *
   * @param timeout milliseconds
   */
  async drain (timeout: number): Promise<void> {
    this.#draining = true
    this.#streams.drain('running')
    await this.#live.idle(timeout)
    for (const live of this.#live) await live.transport.abandon()
    this.#streams.drain('none')
  }

  /** Leaves the fleet and lets go of every server object. The sessions go on. */
  async close (): Promise<void> {
    await this.#replica.stop()
    await this.#live.close()
  }

  async post (inbound: Inbound): Promise<Reply> {
    const messages = readMessages(inbound.body)
    if (isReply(messages)) return messages
    return await this.#guard(soleId(messages), async () => await this.#post(inbound, messages))
  }

  /** Opens the standalone stream, or resumes the stream that `Last-Event-ID` names. */
  async get (inbound: Inbound): Promise<Reply> {
    return await this.#guard(null, async () => {
      const found = await this.#find(inbound, null)
      if ('status' in found) return found
      found.release()
      return await this.#openStream(found.session, inbound)
    })
  }

  /** Ends the session. */
  async delete (inbound: Inbound): Promise<Reply> {
    return await this.#guard(null, async () => {
      const id = header(inbound, 'mcp-session-id')
      if (id === undefined) return missingSession(null)
      const refused = refusedVersion(header(inbound, 'mcp-protocol-version'), null)
      if (refused !== undefined) return refused
      return await this.sessions.terminate(id, inbound.principal) ? emptyReply(200) : notFoundReply(null)
    })
  }

  async #guard (id: RequestId | null, answer: () => Promise<Reply>): Promise<Reply> {
    try {
      if (this.#draining) throw new HoldfastError('HOLDFAST_CLOSED')
      return await answer()
    } catch (error) {
      if (!isExpected(error)) this.sessions.emit('error', { error })
      return failureReply(error, id)
    }
  }

  async #find (inbound: Inbound, id: RequestId | null, claimed?: unknown): Promise<Found | Reply> {
    const refused = refusedVersion(header(inbound, 'mcp-protocol-version') ?? claimed, id)
    if (refused !== undefined) return refused
    const sessionId = header(inbound, 'mcp-session-id')
    if (sessionId === undefined) return missingSession(id)
    const found = await this.#live.find(sessionId, inbound.principal)
    if (found === undefined) return notFoundReply(id)
    inbound.found?.(found.session)
    return found
  }

  async #post (inbound: Inbound, messages: Messages): Promise<Reply> {
    const [first] = messages.requests
    if (first !== undefined && carries(messages, 'initialize')) {
      return messages.batch
        ? errorReply(400, null, INVALID_REQUEST, 'Invalid Request: initialize must not be part of a batch')
        : await this.#initialize(inbound, first)
    }
    const found = await this.#find(inbound, soleId(messages), claimedVersion(first))
    if ('status' in found) return found
    if (messages.batch && !this.#revision(found.session, inbound).batches) {
      found.release()
      return errorReply(400, null, INVALID_REQUEST, 'Invalid Request: this protocol version has no batches')
    }
    const { live, release } = await this.#enliven(found, messages)
    try {
      return await this.#dispatch(found.session, live, inbound, messages)
    } finally {
      release()
    }
  }

  async #enliven (found: Found, { requests, notifications }: Messages): Promise<Found> {
    const { key } = found.session
    const needed = requests.length > 0 || notifications.some(({ method }) => !SERVERLESS.has(method)) || this.#live.isStarting(key)
    return found.live === undefined && needed ? await this.#live.start(found.session, true) : found
  }

  async #dispatch (session: Session, live: LiveSession | undefined, inbound: Inbound, messages: Messages): Promise<Reply> {
    const { requests, notifications, responses, batch } = messages
    const repeated = repeatedId(requests, id => live?.transport.requests.has(id) === true)
    if (repeated !== undefined) return errorReply(400, repeated, INVALID_REQUEST, 'Invalid Request: the request id is in use')
    for (const notification of notifications) await this.#notify(session, live, inbound, notification)
    let accepted = true
    for (const response of responses) if (!await this.#answer(session, live, response)) accepted = false
    if (live === undefined || requests.length === 0) {
      return accepted ? emptyReply(202) : errorReply(400, null, INVALID_REQUEST, 'Invalid Request: no request waits for this response')
    }
    return await this.#run(live, inbound, requests, batch, (request, response) => this.#keepEffect(live, request, response)).reply
  }

  #run (live: LiveSession, inbound: Inbound, requests: readonly Request[], batch: boolean, beforeAnswer: ExchangeContext['beforeAnswer']): Exchange {
    const { session, transport } = live
    const { priming } = this.#revision(session, inbound)
    const exchange: Exchange = new Exchange(
      { session, log: this.#log, streams: this.#streams, settings: this.#settings, priming, isGone: () => inbound.isGone(), beforeAnswer },
      requests, batch
    )
    const control = priming && this.#settings.responseMode !== 'json'
      ? { closeSSEStream: () => exchange.interrupt(), closeStandaloneSSEStream: () => this.#streams.interrupt(session.key, STANDALONE) }
      : undefined
    const extra = new Extra(inbound, control)
    for (const request of requests) transport.requests.set(request.id, exchange)
    for (const request of requests) transport.receive(request, extra)
    return exchange
  }

  /** Makes durable what a request changed in its server, before its client hears that it did. */
  #keepEffect (live: LiveSession, request: Request, response: Response): Response | Promise<Response> {
    const change = 'error' in response ? undefined : replayedChange(request)
    if (change === undefined) return response
    return live.session.change(change).then(() => {
      live.noteReplay()
      return response
    }, async error => {
      await live.transport.requests.get(request.id)?.abandon(failureReply(error, request.id))
      return response
    })
  }

  async #initialize (inbound: Inbound, request: Request): Promise<Reply> {
    const params = request.params
    if (!isHandshake(params)) return errorReply(400, request.id, INVALID_PARAMS, 'Invalid params: initialize needs protocolVersion, capabilities and clientInfo')
    const session = await this.sessions.create({
      principal: inbound.principal,
      client: params.clientInfo,
      handshake: { initialize: params, protocolVersion: params.protocolVersion },
      context: await inbound.context?.() ?? null
    })
    inbound.found?.(session)
    let agreed = false
    try {
      const { live, release } = await this.#live.start(session, false)
      const exchange = this.#run(live, inbound, [request], false, async (_, response) => {
        agreed = await agree(session, response)
        return response
      })
      const reply = await exchange.reply.finally(release)
      return agreed ? { ...reply, headers: { ...reply.headers, 'mcp-session-id': session.id } } : reply
    } finally {
      if (!agreed) await this.sessions.end(session.key, session.owner)
    }
  }

  async #notify (session: Session, live: LiveSession | undefined, inbound: Inbound, notification: Notification): Promise<void> {
    const { method } = notification
    const message = notification as unknown as JsonObject
    if (method === 'notifications/initialized' && !session.state.handshake.initialized) {
      await session.change(state => ({ ...state, handshake: { ...state.handshake, initialized: true } }))
    }
    await takeNotification(live, notification, new Extra(inbound))
    const replica = method === 'notifications/progress' ? replicaOf(progressToken(notification)) : undefined
    if (replica === undefined) await this.sessions.fleet.tell('notification', session.key, { message })
    else if (replica !== this.sessions.fleet.replica) await this.sessions.fleet.tellReplica(replica, 'notification', session.key, { message })
  }

  /** False when no request waits for the response, here or on the replica that it names. */
  async #answer (session: Session, live: LiveSession | undefined, response: Response): Promise<boolean> {
    const replica = replicaOf(response.id)
    if (replica === undefined) return false
    if (replica === this.sessions.fleet.replica) return takeAnswer(live, response)
    return await this.sessions.availability.ask(() =>
      this.sessions.fleet.tellReplica(replica, 'answer', session.key, { message: response as unknown as JsonObject }))
  }

  async #openStream (session: Session, inbound: Inbound): Promise<Reply> {
    const { priming } = this.#revision(session, inbound)
    const cursor = header(inbound, 'last-event-id')
    if (cursor === undefined) return streamReply(await this.#streams.standalone(session, priming))
    const place = parseEventId(cursor)
    const stream = place && await this.#streams.resume(session, place.name, place.position, priming)
    if (stream === undefined) return errorReply(400, null, SERVER_ERROR, 'Bad Request: Last-Event-ID names no stream of this session')
    // A client that is told 204 does not come back for more.
    return stream === 'over' ? emptyReply(204) : streamReply(stream)
  }

  #revision (session: Session, inbound: Inbound): ReturnType<typeof revision> {
    return revision(header(inbound, 'mcp-protocol-version') ?? session.state.handshake.protocolVersion)
  }
}

function missingSession (id: RequestId | null): Reply {
  return errorReply(400, id, SERVER_ERROR, 'Bad Request: the Mcp-Session-Id header is required')
}

/** MCP 2026-07-28 names its version in each request. */
function claimedVersion (request: Request | undefined): unknown {
  return request?.params?._meta?.['io.modelcontextprotocol/protocolVersion']
}

type HandshakeParams = JsonObject & { protocolVersion: string, clientInfo: JsonObject }

function isHandshake (params: unknown): params is HandshakeParams {
  return isObject(params) && typeof params.protocolVersion === 'string' && isObject(params.capabilities) &&
    isObject(params.clientInfo) && typeof params.clientInfo.name === 'string' && typeof params.clientInfo.version === 'string'
}

/** Keeps the version that the server agreed to. False when it refused. */
async function agree (session: Session, response: Response): Promise<boolean> {
  if (!('result' in response)) return false
  const { protocolVersion } = response.result
  if (typeof protocolVersion === 'string' && protocolVersion !== session.state.handshake.protocolVersion) {
    await session.change(state => ({ ...state, handshake: { ...state.handshake, protocolVersion } }))
  }
  return true
}
