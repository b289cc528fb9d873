import type { Message, Request } from '@holdfast/transport'
import { CLASSIFICATION, type Sdk, type SdkTransport, type SendOptions } from './sdk.js'

/** What a tool, prompt or resource demands of the access token before its handler runs. */
export interface ScopeChallenge {
  readonly scopes: readonly string[]
  readonly errorDescription?: string
}

type ScopeResolver =
  (context: { request: Request, authInfo?: object }) => ScopeChallenge | undefined | Promise<ScopeChallenge | undefined>

/** What happens on the server's side of a {@link SharedTransport}. */
export interface SharedTransportEvents {
  /** The server sends a message. `related` is the wire id of the call to which it belongs. */
  sent (message: Message, related: unknown): void | Promise<void>
  closed (): void
}

/** The one transport of a server object that many calls share. */
export interface SharedTransport extends SdkTransport {
  /** Asks for what the server demands of the access token; undefined where the server has no such demands. */
  readonly scopeChallenge: ScopeResolver | undefined
}

/**
 * Makes transports that SDK v2 takes for transports of one modern request, because `connect` binds a server to a
 * revision only then. Public methods of the base class are overridden, so none of its state is ever used.
 */
export function sharedTransports (sdk: Sdk): new (events: SharedTransportEvents) => SharedTransport {
  return class extends sdk.PerRequestHTTPServerTransport implements SharedTransport {
    scopeChallenge: ScopeResolver | undefined
    readonly #events: SharedTransportEvents
    #closed = false

    constructor (events: SharedTransportEvents) {
      super({ classification: CLASSIFICATION })
      this.#events = events
    }

    override async start (): Promise<void> {}

    override async send (message: Message, options?: SendOptions): Promise<void> {
      await this.#events.sent(message, options?.relatedRequestId)
    }

    override async close (): Promise<void> {
      if (this.#closed) return
      this.#closed = true
      this.#events.closed()
      this.onclose?.()
    }

    /** `McpServer.connect` calls it: without it, the SDK would not check the scopes that tools demand. */
    setScopeChallengeResolver (resolver: ScopeResolver): void {
      this.scopeChallenge = resolver
    }
  }
}
