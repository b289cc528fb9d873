import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { Json, Principal, Session } from '@holdfast/core'
import type { Inbound } from '@holdfast/transport'
import type { contextReaders } from './context.js'

type AuthInfo = NonNullable<Inbound['authInfo']>

/** A Fastify request as the transport sees it. */
export class FastifyInbound implements Inbound {
  readonly authInfo?: AuthInfo
  readonly renewContext?: (current: Json) => Promise<Json>

  constructor (
    private readonly request: FastifyRequest,
    readonly principal: Principal | null,
    authInfo: AuthInfo | undefined,
    private readonly contexts: ReturnType<typeof contextReaders>
  ) {
    if (authInfo !== undefined) this.authInfo = authInfo
    const { renew } = contexts
    if (renew !== undefined) this.renewContext = current => renew(request, current)
  }

  get headers (): IncomingHttpHeaders { return this.request.headers }
  get body (): unknown { return this.request.body }
  get url (): string { return `${this.request.protocol}://${this.request.host}${this.request.url}` }

  async context (): Promise<Json> {
    return await this.contexts.read?.(this.request) ?? null
  }

  isGone (): boolean { return this.request.raw.socket.destroyed }

  found (session: Session): void { this.request.mcpSession = session as unknown as FastifyRequest['mcpSession'] }
}
