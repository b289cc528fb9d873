import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Json, Principal, Session } from '@holdfast/core'
import { RequestCall } from '@holdfast/modern'
import type { Inbound, RequestClaims } from '@holdfast/transport'
import type { contextReaders } from './context.js'
import type { ClientCounter } from './eras/client-counter.js'
import { CALL, type WithCall } from './mcp-call.js'

type AuthInfo = NonNullable<Inbound['authInfo']>

/** What all requests of an app share. */
export interface InboundHost {
  contexts: ReturnType<typeof contextReaders>
  clients: ClientCounter
}

/** A stream of HTTP/2, of which its connection has many. */
interface MaybeStream { stream?: { destroyed: boolean } }

/** A Fastify request as the transport sees it. */
export class FastifyInbound implements Inbound {
  readonly authInfo?: AuthInfo
  readonly context?: () => Promise<Json>
  readonly renewContext?: (current: Json) => Promise<Json>

  constructor (
    readonly request: FastifyRequest,
    private readonly reply: FastifyReply,
    readonly principal: Principal | null,
    authInfo: AuthInfo | undefined,
    private readonly host: InboundHost
  ) {
    if (authInfo !== undefined) this.authInfo = authInfo
    const { read, renew } = host.contexts
    if (read !== undefined) this.context = async () => await read(request)
    if (renew !== undefined) this.renewContext = current => renew(request, current)
  }

  get headers (): IncomingHttpHeaders { return this.request.headers }
  get body (): unknown { return this.request.body }
  get url (): string { return `${this.request.protocol}://${this.request.host}${this.request.url}` }

  isGone (): boolean {
    const { raw } = this.request
    return raw.socket.destroyed || (raw as MaybeStream).stream?.destroyed === true
  }

  onGone (listener: () => void): void {
    const { raw } = this.reply
    raw.once('close', () => { if (!raw.writableEnded) listener() })
  }

  found (session: Session): void {
    this.request.mcpSession = session as unknown as FastifyRequest['mcpSession']
    this.host.clients.session(session)
  }

  known (claims: RequestClaims): void {
    (this.request as WithCall)[CALL] = new RequestCall(claims, this.principal)
    this.host.clients.modern(claims)
  }
}
