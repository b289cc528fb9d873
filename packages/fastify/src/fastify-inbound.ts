import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { Json, Principal, Session } from '@holdfast/core'
import type { Inbound } from '@holdfast/transport'

type AuthInfo = NonNullable<Inbound['authInfo']>

/** A Fastify request as the transport sees it. */
export class FastifyInbound implements Inbound {
  readonly authInfo?: AuthInfo

  constructor (
    private readonly request: FastifyRequest,
    readonly principal: Principal | null,
    authInfo: AuthInfo | undefined,
    private readonly resolveContext: ((request: FastifyRequest) => Promise<Json>) | undefined
  ) {
    if (authInfo !== undefined) this.authInfo = authInfo
  }

  get headers (): IncomingHttpHeaders { return this.request.headers }
  get body (): unknown { return this.request.body }
  get url (): string { return `${this.request.protocol}://${this.request.host}${this.request.url}` }

  async context (): Promise<Json> {
    return await this.resolveContext?.(this.request) ?? null
  }

  isGone (): boolean { return this.request.raw.socket.destroyed }

  found (session: Session): void { this.request.mcpSession = session as unknown as FastifyRequest['mcpSession'] }
}
