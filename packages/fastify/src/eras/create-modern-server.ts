import type { CacheHint, CacheableMethod, RequestStateCodec, SharedServerInit } from '@holdfast/modern'
import type { ConnectableServer, HeldServer } from '@holdfast/transport'

/** What the function in `modern.server` gets. */
export interface ModernServerInit {
  /** What `modern.per` returned; undefined without it. */
  readonly key: string | undefined
  /** To be passed on: `new McpServer(info, serverOptions)`. Without them, a server does not serve the revision. */
  readonly serverOptions: SharedServerInit['serverOptions'] & {
    readonly cacheHints: { [Method in CacheableMethod]?: CacheHint }
  }
  /**
   * Seals states for clients: `requestState.mint(value, ctx)` in a handler that returns `inputRequired`.
   *
   * @throws InvalidOptionError when it is read with `encryption: 'none'`
   */
  readonly requestState: RequestStateCodec<any>
}

/**
 * Makes a server of SDK v2 that many callers share. It registers everything before it returns, and keeps nothing of a
 * caller.
 */
export type CreateModernServer =
  (init: ModernServerInit) => ConnectableServer | HeldServer | Promise<ConnectableServer | HeldServer>
