import { type Duration, InvalidOptionError, milliseconds } from '@holdfast/core'
import type { ConnectableServer, HeldServer, Inbound } from '@holdfast/transport'
import type { Unrelated } from './shared-connection.js'

/** The hook of SDK v2 for `requestState`: what `requestStateCodec` returns. */
export interface RequestStateHook {
  verify (state: string, ctx: object): unknown
}

/** What `create` gets. */
export interface SharedServerInit {
  /** The key that `per` returned; undefined without `per`. */
  readonly key: string | undefined
  /** To be passed on: `new McpServer(info, serverOptions)`. Without them, a server does not serve the revision. */
  readonly serverOptions: {
    readonly supportedProtocolVersions: string[]
    readonly requestState?: RequestStateHook
  }
}

/** Makes a server of SDK v2, `McpServer` or `Server`, or one with what it holds in the process. */
export type CreateSharedServer =
  (init: SharedServerInit) => ConnectableServer | HeldServer | Promise<ConnectableServer | HeldServer>

/** Options of {@link sharedServer}. */
export interface SharedServerOptions {
  /**
   * Makes the server that many requests share, of many callers at once. It must register everything before it returns,
   * and keep nothing of a caller. Each call returns a new server.
   */
  create: CreateSharedServer
  /** Which requests may share a server: those with equal keys. Default: all. */
  per?: (inbound: Inbound) => string
  /** Keys with a server at a time. Beyond, the one that was unused for longest goes. Default 100. */
  maxKeys?: number
  /** How long `create`, a check of a new server, and closing a server may take. Default 10 seconds. */
  createTimeout?: Duration
  /**
   * `'sdk'`: when a server cannot be shared, `createMcpHandler` of the SDK makes one for each request, which is correct
   * and slow. Default: then the start fails.
   */
  fallback?: 'sdk'
  /** Passed to `create` in `serverOptions`. */
  requestState?: RequestStateHook
  /**
   * Whether two made-up callers list the tools of each new server, to find what it keeps of a caller. Default: unless
   * `NODE_ENV` is `production`.
   */
  checkLeaks?: boolean
  /** Called with each message of a server that belongs to no running call. Nobody gets it. */
  onUnrelated?: (message: Unrelated) => void
  /** Called with what a developer should know. Default `process.emitWarning`. */
  onWarning?: (message: string) => void
  /** Called with errors that belong to no call, such as one of `dispose`. Default: they are warnings. */
  onError?: (error: unknown) => void
  /**
   * Loads the SDK, in an application with several copies of it. Default
   * `() => import('@modelcontextprotocol/server')`.
   */
  sdk?: () => Promise<unknown>
}

export interface SharedSettings extends Required<Omit<SharedServerOptions, 'per' | 'fallback' | 'requestState'>> {
  readonly per: ((inbound: Inbound) => string) | undefined
  readonly fallback: 'sdk' | undefined
  readonly requestState: RequestStateHook | undefined
  /** Milliseconds. */
  readonly createTimeout: number
}

/** @throws InvalidOptionError */
export function readOptions (options: SharedServerOptions): SharedSettings {
  const { create, per, maxKeys = 100, fallback, requestState } = options
  if (typeof create !== 'function') throw new InvalidOptionError('create', 'expected a function that makes a server')
  if (per !== undefined && typeof per !== 'function') throw new InvalidOptionError('per', 'expected a function')
  if (!Number.isSafeInteger(maxKeys) || maxKeys < 1) throw new InvalidOptionError('maxKeys', 'expected a number from 1')
  if (fallback !== undefined && fallback !== 'sdk') throw new InvalidOptionError('fallback', 'expected "sdk"')
  const warn = options.onWarning ?? (message => process.emitWarning(message, { type: 'HoldfastWarning' }))
  return {
    create,
    per,
    maxKeys,
    fallback,
    requestState,
    createTimeout: milliseconds(options.createTimeout ?? '10s', 'createTimeout'),
    checkLeaks: options.checkLeaks ?? process.env.NODE_ENV !== 'production',
    onUnrelated: options.onUnrelated ?? (() => {}),
    onWarning: warn,
    onError: options.onError ?? (error => {
      warn(`an error of a shared server: ${error instanceof Error ? error.name : 'unknown'}`)
    }),
    sdk: options.sdk ?? (async () => await import('@modelcontextprotocol/server'))
  }
}
