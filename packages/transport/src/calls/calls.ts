import type { Session, Sessions } from '@holdfast/core'
import { type Inbound, header } from '../http/inbound.js'
import type { Message, Request, RequestId, Response } from '../http/json-rpc.js'
import type { Reply } from '../http/reply.js'
import { type Revision, revision } from '../http/versions.js'
import type { LiveSession } from '../live/live-session.js'
import { replayedEffect } from '../live/replayed-effects.js'
import type { OpenStreams } from '../streams/open-streams.js'
import type { StreamLog } from '../streams/stream-log.js'
import { type CallLimits, refusedSubscription } from './call-limits.js'
import { Deadlines, type Expiring } from './deadlines.js'
import type { PendingCall } from './durable-transport.js'
import { type BeforeAnswer, Exchange, type ExchangeSettings } from './exchange.js'
import { HandlerExtra } from './handler-extra.js'
import { SessionCall } from './session-call.js'

interface CallOptions {
  batch?: boolean
  /** Holds everything back until the answer: even a slow call does not become a stream. Default false. */
  held?: boolean
  beforeAnswer?: BeforeAnswer
}

/** Runs a client's requests in the server object of its session. */
export class Calls {
  readonly #slowCalls: Deadlines<Exchange>
  readonly #whenHeld: ExchangeSettings

  constructor (
    readonly sessions: Sessions,
    readonly log: StreamLog,
    readonly streams: OpenStreams,
    readonly settings: ExchangeSettings,
    readonly limits: CallLimits,
    readonly deadlines: Deadlines<Expiring>
  ) {
    this.#slowCalls = new Deadlines(
      settings.streamAfter, exchange => exchange.openStream(), error => sessions.report(error)
    )
    this.#whenHeld = { ...settings, responseMode: settings.responseMode === 'auto' ? 'json' : settings.responseMode }
  }

  /** Resolves to the reply to the POST: all results, or a stream that will carry them. */
  // Not async: it would cost one more promise per call, and there is nothing to wait for.
  run (live: LiveSession, inbound: Inbound, requests: readonly Request[], options: CallOptions): Promise<Reply> {
    const { batch = false, held = false } = options
    const beforeAnswer = options.beforeAnswer ?? ((request, response) => keepEffect(live, request, response))
    const settings = held ? this.#whenHeld : this.settings
    const { session, transport } = live
    const { priming } = revisionOf(session, inbound)
    const streaming = settings.responseMode !== 'json'
    const slowCalls = streaming && !held ? this.#slowCalls : undefined
    const cancelInServer = async (id: RequestId, call: PendingCall): Promise<void> => await transport.expire(id, call)
    const exchange = new Exchange(
      { calls: this, session, inbound, settings, slowCalls, priming, beforeAnswer, cancelInServer }, requests, batch
    )
    const control = priming && streaming ? exchange : undefined
    const extra = new HandlerExtra(inbound, new SessionCall(session, inbound), control)
    for (const request of requests) transport.requests.set(request.id, exchange)
    try {
      for (const request of requests) {
        const refused = refusedSubscription(live, request, this.limits)
        if (refused === undefined) transport.receive(request, extra)
        else void transport.send(refused as Message)
      }
    } catch (error) {
      return giveUp(live, requests, error)
    }
    return exchange.reply
  }
}

/** A server that throws at a message has not accepted it, and will not answer. */
async function giveUp ({ transport }: LiveSession, requests: readonly Request[], error: unknown): Promise<never> {
  for (const { id } of requests) await transport.cancel(id)
  throw error
}

/** The revision that the request names, otherwise the one that the session agreed on. */
export function revisionOf (session: Session, inbound: Inbound): Revision {
  return revision(header(inbound, 'mcp-protocol-version') ?? session.state.handshake.protocolVersion)
}

/** Makes the effect of a request on its server durable, before the client gets the answer. */
function keepEffect (live: LiveSession, request: Request, response: Response): Response | Promise<Response> {
  const effect = 'error' in response ? undefined : replayedEffect(request)
  if (effect === undefined) return response
  return live.session.change(state => ({ ...state, replay: effect(state.replay) })).then(() => {
    live.serverState.note(effect)
    return response
  })
}
