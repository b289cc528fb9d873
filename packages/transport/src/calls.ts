import type { Session, Sessions } from '@holdfast/core'
import { type BeforeAnswer, Exchange, type ExchangeSettings } from './exchange.js'
import { Extra } from './extra.js'
import { type Inbound, header } from './inbound.js'
import type { Request } from './json-rpc.js'
import type { LiveSession } from './live-session.js'
import { Overdue } from './overdue.js'
import { replayedChange } from './replayed.js'
import type { Reply } from './reply.js'
import { STANDALONE, type StreamLog } from './stream-log.js'
import type { Streams } from './streams.js'
import { type Revision, revision } from './versions.js'

/** Runs a client's requests in the server object of its session. */
export class Calls {
  readonly #overdue: Overdue<Exchange>

  constructor (
    readonly sessions: Sessions,
    private readonly log: StreamLog,
    private readonly streams: Streams,
    readonly settings: ExchangeSettings
  ) {
    this.#overdue = new Overdue(settings.streamAfter, exchange => exchange.openStream())
  }

  /** Resolves when there is something to answer the POST with: all results, or a stream that brings them. */
  // Not async: a promise more for every call, and nothing to wait for.
  run (live: LiveSession, inbound: Inbound, requests: readonly Request[], batch: boolean, beforeAnswer: BeforeAnswer = keepEffect(live), settings: ExchangeSettings = this.settings): Promise<Reply> {
    const { session, transport } = live
    const { log, streams } = this
    const { priming } = revisionOf(session, inbound)
    const overdue = settings === this.settings && settings.responseMode !== 'json' ? this.#overdue : undefined
    const exchange = new Exchange(
      { session, log, streams, settings, overdue, priming, isGone: () => inbound.isGone(), beforeAnswer },
      requests, batch
    )
    const control = priming && settings.responseMode !== 'json'
      ? { closeSSEStream: () => exchange.interrupt(), closeStandaloneSSEStream: () => streams.interrupt(session.key, STANDALONE) }
      : undefined
    const extra = new Extra(inbound, control)
    for (const request of requests) transport.requests.set(request.id, exchange)
    try {
      for (const request of requests) transport.receive(request, extra)
    } catch (error) {
      return giveUp(live, requests, error)
    }
    return exchange.reply
  }
}

/** A server that throws at a message has not taken it, and will not answer. */
async function giveUp ({ transport }: LiveSession, requests: readonly Request[], error: unknown): Promise<never> {
  for (const { id } of requests) await transport.cancel(id)
  throw error
}

/** What the request says of its revision, or what the session agreed on. */
export function revisionOf (session: Session, inbound: Inbound): Revision {
  return revision(header(inbound, 'mcp-protocol-version') ?? session.state.handshake.protocolVersion)
}

/** Makes durable what a request changed in its server, before its client hears that it did. */
function keepEffect (live: LiveSession): BeforeAnswer {
  return (request, response) => {
    const change = 'error' in response ? undefined : replayedChange(request)
    if (change === undefined) return response
    return live.session.change(change).then(() => {
      live.noteReplay()
      return response
    })
  }
}
