import type { FastifyRequest } from 'fastify'
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js'
import type { Backend, Duration, OnEnd, Principal, SnapshotStore } from '@holdfast/core'
import type { Keyring, Keys } from '@holdfast/envelope'
import type { CacheOptions } from '@holdfast/modern'
import type { CommonServerOptions, CreatedServer } from '@holdfast/transport'
import type { TSchema } from 'typebox'
import type { Authorize } from './admin/guard.js'
import type { CreateModernServer } from './eras/create-modern-server.js'
import type { MetricsRegistry } from './metrics/registry.js'
import type { AppContext, AppData, McpSession } from './session-types.js'

/** Reads the principal of a request, after your own authentication hooks. Nothing or null when there is none. */
export type ResolvePrincipal =
  (request: FastifyRequest) => Principal | null | undefined | Promise<Principal | null | undefined>
/** Reads what handlers of the SDK get as `extra.authInfo`. Nothing or null when there is none. */
export type ResolveAuthInfo = (request: FastifyRequest) => AuthInfo | null | undefined
/** Reads the settings and credentials of the tenant when a session begins. */
export type ResolveContext<Context = AppContext> = (request: FastifyRequest) => Context | Promise<Context>
/** Reads them again, for a request of the principal to whom the session belongs. */
export type RenewContext<Context = AppContext> =
  (request: FastifyRequest, current: Context) => Context | Promise<Context>

/**
 * The options of the plugin. `Data` is the type of what the application keeps in a session, `Context` the type of what
 * `context.resolve` returns.
 */
export interface HoldfastOptions<Data extends object = AppData, Context = AppContext> {
  /** Makes the MCP server of one session. It runs again each time that the session becomes live in a process. */
  createServer (
    session: McpSession<Data, Context>, shared: { serverOptions: CommonServerOptions }
  ): CreatedServer<Context> | Promise<CreatedServer<Context>>
  /** Where sessions are stored. Default: `memory()`. Close a backend that you pass yourself. */
  backend?: Backend
  /**
   * The keys that seal sessions: a string such as `k2:<base64>,k1:<base64>`, a list of keys, a KMS provider or a
   * `Keyring`. Default: the variable `HOLDFAST_KEYS`. Without keys, sessions in memory are not sealed, and a durable
   * backend or a snapshot fails the start. An undefined value fails the start, too.
   */
  keys?: Keyring | Keys | undefined
  /** `none` stores and exports sessions with their credentials readable, and ignores `HOLDFAST_KEYS`. */
  encryption?: 'none'
  /**
   * Saves the sessions of a backend that is not durable across restarts, such as `file(path)`. The plugin restores the
   * snapshot when the app is ready, and exports when the app closes and at each interval `every` of the store.
   */
  snapshot?: SnapshotStore
  /**
   * Adds two routes, for example `/health/live` and `/health/ready` for `/health`. Ready means: not closing, snapshot
   * restored, backend reachable. Default: none.
   */
  health?: string
  /** Routes for operators. Default: none. */
  admin?: AdminOptions
  /** Metrics for Prometheus. Default: none. */
  metrics?: MetricsOptions
  /**
   * Part of every key: a session of one namespace is unknown in every other. Lists, counts and limits cover the whole
   * backend.
   */
  namespace?: string
  /** The route of the MCP endpoint. */
  path?: string
  /** Reads the principal of a request. With this option, a request without a principal is answered 401. */
  principal?: ResolvePrincipal
  /** Lets requests without a principal have sessions of their own. */
  anonymous?: boolean
  /** Reads what handlers of the SDK get as `extra.authInfo`. */
  authInfo?: ResolveAuthInfo
  /** What each session knows of its tenant. Default: `null`. */
  context?: ContextOptions<Context>
  /**
   * Runs when a session has ended in any way, whether it was live or dormant: to release what you hold for it
   * elsewhere. It runs at most once in the whole fleet. It does not run when the process dies just then, or when the
   * session cannot be opened any more. It may take 10 s.
   */
  onEnd?: OnEnd<Data, Context>
  /**
   * How clients of MCP 2026-07-28 are served, which has no sessions. `refuse`: not at all; those that can do so fall
   * back to a session. `auto`: by the servers of `createServer`, unchanged.
   */
  modern?: 'refuse' | 'auto' | ModernOptions
  /** `off`: clients of revisions until 2025-11-25 are refused, and no session begins. Needs `modern`. */
  legacy?: 'sessions' | 'off'
  /** How long sessions last. */
  ttl?: TtlOptions
  /** How many sessions, calls and bytes there may be. */
  limits?: LimitOptions
  /** When the backend counts as degraded. */
  thresholds?: ThresholdOptions
  /**
   * `auto` answers with JSON, unless the call sends a message before its result or takes longer than `streams.after`.
   * `json` never streams a reply, `sse` always streams it.
   */
  responseMode?: 'auto' | 'json' | 'sse'
  /** Event streams. */
  streams?: StreamOptions
  /** Sessions with a server object in this process. */
  live?: LiveOptions
  /** What happens when the app closes. */
  shutdown?: ShutdownOptions
  /**
   * How long a client may take no byte of a reply, or send no byte of a snapshot, before its connection ends. A stream
   * can be resumed.
   */
  stallTimeout?: Duration
  /**
   * How long the body of a request may take to arrive. Then the request is answered 408 and its connection ends. The
   * app's own option `requestTimeout` limits the headers.
   */
  bodyTimeout?: Duration
  /** How long a request of the client or of the server may take. Then it is cancelled and answered with an error. */
  callTimeout?: Duration
  /** Interval of the messages between replicas. They notice a process that died within two heartbeats. */
  heartbeat?: Duration
  /** Bytes of one request body. */
  bodyLimit?: number
  /**
   * Host names, without port, that requests may name. Default: loopback names while the app listens on loopback only,
   * otherwise any.
   */
  allowedHosts?: string[]
  /**
   * Values of the Origin header that the plugin accepts; `*` for any. Default: the server's own, and loopback origins
   * while the app listens on loopback only.
   */
  allowedOrigins?: string[]
}

/** How clients of MCP 2026-07-28 are served. */
export interface ModernOptions {
  /**
   * `bridge`: the servers of `createServer`, one call at a time. A function makes a server of SDK v2 that all requests
   * share: less work for each call. It needs the package `@modelcontextprotocol/server`.
   */
  server?: 'bridge' | CreateModernServer
  /**
   * Who shares a server. With `bridge`, `principal`, or `replica` for everybody, where `createServer` keeps nothing of
   * its callers. With a function, one that names the server of a request, such as its tenant. Default: `principal`;
   * everybody.
   */
  per?: 'principal' | 'replica' | ((request: FastifyRequest) => string)
  /** With `bridge`: how long the questions of a call may take, from the first one to the end of the call. */
  parkTimeout?: Duration
  /** With `bridge`: calls that wait for answers in this process. Further calls that ask are answered 503. */
  maxParked?: number
  /** With `bridge`: the same for one principal. */
  maxParkedPerOwner?: number
  /** Requests that run in this process at the same time. Further requests are answered 503. */
  maxCalls?: number
  /**
   * How long clients may keep results, by method: `{ 'tools/list': { ttl: '5m', scope: 'public' } }`. Default: not at
   * all.
   */
  cache?: CacheOptions
  /** With a function: the states that clients hold between two calls. */
  requestState?: RequestStateOptions
  /**
   * With a function: `sdk` lets the SDK make a server for each request where the server cannot be shared, which takes 5
   * to 35 times the work. Default: then the start fails.
   */
  fallback?: 'sdk'
  /**
   * With a function: loads the SDK, in an application with several copies of it. Default: as Holdfast finds it.
   */
  sdk?: () => Promise<unknown>
}

/** The states that clients hold between two calls of a server of SDK v2. */
export interface RequestStateOptions {
  /** How long a state is valid. */
  ttl?: Duration
  /**
   * `reject` refuses the second call with a state. `repeat` answers it as the first one. `false` accepts a state until
   * it expires.
   */
  once?: false | 'reject' | 'repeat'
}

/** Options of the admin routes. */
export interface AdminOptions {
  /**
   * Adds routes that list, show, end, export and restore sessions. `(request, action)` must return `true` for each of
   * the actions `list`, `show`, `terminate`, `export`, `restore` that the request may do.
   */
  authorize: Authorize
  /** Where these routes are. */
  path?: string
  /** Bytes of one uploaded snapshot. */
  restoreLimit?: number
}

/** Options of the metrics. */
export interface MetricsOptions {
  /** A registry of prom-client that gets the metrics. Default: a new one, which needs the package prom-client. */
  registry?: MetricsRegistry
  /** Adds a route that shows the registry, for example `/metrics`, to every request. Default: none. */
  path?: string
}

/** How sessions get their context. */
export interface ContextOptions<Context = AppContext> {
  /** A TypeBox or JSON schema that the context must match. */
  schema?: TSchema
  /** Reads the context of a new session from its `initialize` request. */
  resolve: ResolveContext<Context>
  /**
   * Reads the context again when a session becomes live, and then with a request at most every `renewEvery`. When it
   * fails, takes longer than `live.startTimeout`, or returns what the schema refuses, the session keeps its context. A
   * session without a principal always keeps its context. Default: no context is renewed.
   */
  renew?: RenewContext<Context>
  /** How long a live session goes on with its context before `renew` runs again. */
  renewEvery?: Duration
}

/** How long sessions last. */
export interface TtlOptions {
  /** A session without use ends after this time. An open stream and a running call are use. */
  idle?: Duration
  /** A session ends this long after it began, used or not. */
  absolute?: Duration
}

/** How many sessions, calls, streams and bytes there may be. */
export interface LimitOptions {
  /** Sessions in the backend. */
  maxSessions?: number
  /** Sessions of one principal. */
  maxPerOwner?: number
  /** Bytes of one stored session. */
  maxStateBytes?: number
  /** Requests of one session that run in this process at the same time. Further requests are answered 429. */
  maxCalls?: number
  /**
   * Event streams of one session that are open in this process, without the streams of its running calls. For a new
   * stream the oldest ends; its client can resume it.
   */
  maxOpenStreams?: number
  /** Resources that one session is subscribed to. Further subscriptions are answered with an error. */
  maxSubscriptions?: number
  /**
   * What happens at a cap. `idle` ends the principal's own longest-idle session that is not in use; for a new session
   * without a principal, one without a principal that was unused for ten minutes. `none` refuses the new session.
   */
  evict?: 'idle' | 'none'
}

/** When the backend counts as degraded. */
export interface ThresholdOptions {
  /** The backend counts as degraded when it takes longer than this to answer. */
  latency?: Duration
  /** The backend counts as degraded when at least this share of its calls fails. */
  errorRate?: number
  /** How often the plugin checks the backend. The error rate covers the last six checks. */
  interval?: Duration
}

/** Options of event streams. */
export interface StreamOptions {
  /** A call that takes longer becomes a resumable stream. */
  after?: Duration
  /** How long clients wait before they reconnect the stream of a call. */
  retry?: Duration
  /**
   * How long clients wait before they reconnect the standalone stream. Many clients try twice and then give up for
   * good, so this time should be longer than a restart takes.
   */
  standaloneRetry?: Duration
  /** Interval of comments on idle streams. */
  keepAlive?: Duration
  /**
   * Characters that may wait for a slow reader of a stream. Then a stream of a session is cut, and its client can
   * resume it. In a response to a modern client, progress and log messages are lost until there is room.
   */
  maxBuffered?: number
}

/** Options of sessions with a server object in this process. */
export interface LiveOptions {
  /**
   * Server objects in this process at the same time. At this cap, the principal with the most server objects gives up
   * its longest-idle one. Calls of one principal run in at most half of them. A request without a place waits up to
   * 2 s.
   */
  max?: number
  /** A session without use gives up its server object after this time, and gets a new one with its next request. */
  idle?: Duration
  /** How long `createServer` and the replay of the handshake may take together. */
  startTimeout?: Duration
}

/** What happens when the app closes. */
export interface ShutdownOptions {
  /**
   * How long a closing app goes on as before, but not ready: time for balancers to notice. Needs Fastify's option
   * `return503OnClosing: false`. Default: none.
   */
  delay?: Duration
  /** How long running calls may go on when the app closes. */
  timeout?: Duration
}
