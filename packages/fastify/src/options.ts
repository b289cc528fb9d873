import Type from 'typebox'
import type { TLocalizedValidationError } from 'typebox/error'
import { Value } from 'typebox/value'
import type { FastifyRequest } from 'fastify'
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js'
import { type Backend, type Duration, InvalidOptionError, type Json, type Principal, type SnapshotStore, isObject, milliseconds } from '@holdfast/core'
import type { Keyring, Keys } from '@holdfast/envelope'
import type { CreateServer } from '@holdfast/transport'
import type { Authorize } from './admin/guard.js'
import type { MetricsRegistry } from './metrics/registry.js'
import { REGISTRATION } from './registration.js'

/** Reads the principal of a request after your own authentication hooks have run; nothing or null when there is none. */
export type ResolvePrincipal = (request: FastifyRequest) => Principal | null | undefined | Promise<Principal | null | undefined>
/** What handlers of the SDK get as `extra.authInfo`. */
export type ResolveAuthInfo = (request: FastifyRequest) => AuthInfo | undefined
/** Settings and credentials of the tenant, read once, when a session begins. */
export type ResolveContext = (request: FastifyRequest) => Json | Promise<Json>

function callable<T> (description: string): Type.TUnsafe<T> {
  return Type.Refine(Type.Unsafe<T>({ description }), value => typeof value === 'function', () => 'expected a function') as unknown as Type.TUnsafe<T>
}

/** Beyond it, Node's timers fire at once: 24 days. */
const LONGEST_TIMER = 2 ** 31 - 1

function duration (fallback: string | undefined, description: string, longest = LONGEST_TIMER): Type.TUnsafe<Duration> {
  const valid = (value: unknown): boolean => {
    try {
      return milliseconds(value as Duration, '') <= longest
    } catch {
      return false
    }
  }
  const schema = Type.Unsafe<Duration>({ type: ['number', 'string'], ...(fallback !== undefined && { default: fallback }), description })
  return Type.Refine(schema, valid, () => `expected milliseconds, or a duration such as "30s", "15m", "24h"${longest === Infinity ? '' : '; at most 24 days'}`) as unknown as Type.TUnsafe<Duration>
}

function amount (fallback: number, description: string): Type.TInteger {
  return Type.Integer({ minimum: 1, default: fallback, description })
}

function choice<const T extends string> (values: T[], fallback: T, description: string): Type.TUnsafe<T> {
  return Type.Unsafe<T>({ type: 'string', enum: values, default: fallback, description })
}

function isSink (value: unknown): boolean {
  if (!isObject(value) || typeof value.read !== 'function' || typeof value.write !== 'function') return false
  const { every = 1 } = value
  return Number.isSafeInteger(every) && Number(every) >= 1 && Number(every) <= LONGEST_TIMER
}

const strict = { additionalProperties: false }

/** Every option: its type, its default, its check and its documentation. */
export const OptionsSchema = Type.Object({
  createServer: callable<CreateServer>('Makes the MCP server of one session. Called again whenever the session becomes live in a process.'),
  backend: Type.Optional(Type.Refine(
    Type.Unsafe<Backend>({ description: 'Where sessions live. Default: `memory()`. One that you pass is yours to close.' }),
    value => typeof (value as Backend | null)?.records === 'object', () => 'expected a backend, such as memory()'
  ) as unknown as Type.TUnsafe<Backend>),
  keys: Type.Optional(Type.Refine(
    Type.Unsafe<Keyring | Keys>({ description: 'What sessions are sealed with: a string such as `k2:<base64>,k1:<base64>`, a list of keys, a KMS provider or a `Keyring`. Default: HOLDFAST_KEYS of the environment. Without keys, sessions in memory are not sealed, and nothing may outlive the process.' }),
    value => typeof value === 'string' || (typeof value === 'object' && value !== null), () => 'expected keys: a string, a list, a KMS provider or a Keyring'
  ) as unknown as Type.TUnsafe<Keyring | Keys>),
  encryption: Type.Optional(Type.Unsafe<'none'>({ type: 'string', enum: ['none'], description: '`none` stores and exports sessions with their credentials readable, and ignores HOLDFAST_KEYS.' })),
  snapshot: Type.Optional(Type.Refine(
    Type.Unsafe<SnapshotStore>({ description: 'Where sessions of a backend that is not durable outlast the process, such as `file(path)`: restored when the app is ready, exported when it closes, and every `every` milliseconds if the sink says so.' }),
    isSink, () => 'expected a place for snapshots, such as file(path), and `every`, if at all, from 1 ms to 24 days'
  ) as unknown as Type.TUnsafe<SnapshotStore>),
  health: Type.Optional(Type.String({ pattern: '^/.*[^/]$', description: 'Adds two routes, such as `/health/live` and `/health/ready` for `/health`. Ready is who is not closing, has restored its snapshot and reaches its backend. Default: none.' })),
  admin: Type.Optional(Type.Object({
    authorize: callable<Authorize>('Adds routes to list, show, end, export and restore sessions. `(request, action)` must return `true` for each of `list`, `show`, `terminate`, `export`, `restore` that a request may do.'),
    path: Type.Optional(Type.String({ pattern: '^(/[\\w.~-]+)+$', default: '/mcp-sessions', description: 'Where these routes are.' })),
    restoreLimit: Type.Optional(amount(1_073_741_824, 'Bytes of one snapshot that is uploaded.'))
  }, strict)),
  metrics: Type.Optional(Type.Object({
    registry: Type.Optional(Type.Refine(
      Type.Unsafe<MetricsRegistry>({ description: 'A registry of prom-client that the metrics are added to. Default: one of its own, which needs the package prom-client.' }),
      value => typeof (value as MetricsRegistry | null)?.getSingleMetric === 'function', () => 'expected a registry of prom-client'
    ) as unknown as Type.TUnsafe<MetricsRegistry>),
    path: Type.Optional(Type.String({ pattern: '^(/[\\w.~-]+)+$', description: 'Adds a route that shows the registry, such as `/metrics`, to whoever asks. Default: none.' }))
  }, strict)),
  namespace: Type.Optional(Type.String({ minLength: 1, maxLength: 64, default: 'mcp', description: 'Goes into every key: what one namespace opened is a miss in every other. Lists, counts and limits are of the whole backend.' })),
  path: Type.Optional(Type.String({ pattern: '^/', default: '/mcp', description: 'The route of the endpoint.' })),
  principal: Type.Optional(callable<ResolvePrincipal>('Who a request comes from. With it, a request without a principal is answered 401.')),
  anonymous: Type.Optional(Type.Boolean({ default: false, description: 'Lets requests without a principal have sessions of their own.' })),
  authInfo: Type.Optional(callable<ResolveAuthInfo>('What handlers of the SDK get as `extra.authInfo`.')),
  context: Type.Optional(Type.Object({
    schema: Type.Optional(Type.Unsafe<Type.TSchema>({ type: 'object', description: 'A TypeBox or JSON schema that the context must match.' })),
    resolve: callable<ResolveContext>('Reads the context of a new session from its `initialize` request.')
  }, strict)),
  ttl: Type.Optional(Type.Object({
    idle: Type.Optional(duration('30m', 'A session ends after this time without use. An open stream and a running call are use.', Infinity)),
    absolute: Type.Optional(duration('7d', 'A session ends this long after it began, used or not.', Infinity))
  }, { ...strict, default: {} })),
  limits: Type.Optional(Type.Object({
    maxSessions: Type.Optional(amount(100_000, 'Sessions in the backend.')),
    maxPerOwner: Type.Optional(amount(1_000, 'Sessions of one principal.')),
    maxLive: Type.Optional(amount(1_000, 'Server objects in this process at the same time. When more are needed, the principal with the most of them gives up its longest idle one. Calls of one principal run in at most half of them; a request without a place waits up to 2 s.')),
    maxStateBytes: Type.Optional(amount(262_144, 'Bytes of one stored session.')),
    maxCalls: Type.Optional(amount(100, 'Requests of one session that run in this process at the same time; more are answered 429.')),
    maxOpenStreams: Type.Optional(amount(16, 'Event streams of one session that are open in this process beside those of its running calls. For a new one the oldest ends; it can be resumed.')),
    maxSubscriptions: Type.Optional(amount(1_000, 'Resources that one session is subscribed to; more are answered with an error.')),
    evict: Type.Optional(choice(['idle', 'none'], 'none', 'At a cap, `idle` ends the principal\'s own longest-idle session that nobody is using. A new session without a principal ends one without a principal that was unused for ten minutes.'))
  }, { ...strict, default: {} })),
  thresholds: Type.Optional(Type.Object({
    latency: Type.Optional(duration('250ms', 'A backend that takes longer to answer is degraded.')),
    errorRate: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1, default: 0.05, description: 'So is one of which this share of the calls fails.' })),
    interval: Type.Optional(duration('10s', 'How often that is looked at. Calls of the last six intervals count.'))
  }, { ...strict, default: {} })),
  responseMode: Type.Optional(choice(['auto', 'json', 'sse'], 'auto', '`auto` answers with JSON unless the call says something before its result or takes long; `json` never streams a reply; `sse` always does.')),
  streamAfter: Type.Optional(duration('500ms', 'A call that takes longer becomes a resumable stream.')),
  retry: Type.Optional(duration('1s', 'How long clients wait before they reconnect the stream of a call.')),
  standaloneRetry: Type.Optional(duration('5s', 'The same for the stream that belongs to no call. Many clients try twice and then give it up for good, so it should be longer than a restart takes.')),
  keepAlive: Type.Optional(duration('15s', 'Interval of comments on idle streams.')),
  maxBuffered: Type.Optional(amount(262_144, 'Characters that may wait for a slow reader of a stream; then it is cut, and can resume.')),
  stallTimeout: Type.Optional(duration('30s', 'How long a client may take nothing of a reply, or send nothing of a snapshot, before its connection ends. A stream can be resumed.')),
  bodyTimeout: Type.Optional(duration('30s', 'How long the body of a request may take to arrive; then it is answered 408 and its connection ends. How long the headers may take is a setting of the app: `requestTimeout`.')),
  callTimeout: Type.Optional(duration('1h', 'How long a request may take, of the client or of the server; then it is cancelled and answered with an error.')),
  dormantAfter: Type.Optional(duration('60s', 'An unused session gives up its server object after this time, and gets a new one with its next request.')),
  factoryTimeout: Type.Optional(duration('10s', 'How long `createServer` and the replay of the handshake may take together.')),
  heartbeat: Type.Optional(duration('5s', 'A process that died is noticed by the other replicas within two heartbeats.')),
  drainDelay: Type.Optional(duration(undefined, 'How long the app goes on as before when it closes, except that it is not ready: time for balancers to notice. Needs `return503OnClosing: false`. Default: none.')),
  drainTimeout: Type.Optional(duration('10s', 'How long running calls may go on when the app closes.')),
  bodyLimit: Type.Optional(amount(4_194_304, 'Bytes of one request body.')),
  allowedHosts: Type.Optional(Type.Array(Type.String(), { description: 'Host names, without port, that requests may name. Default: loopback names while the app listens on loopback only, any otherwise.' })),
  allowedOrigins: Type.Optional(Type.Array(Type.String(), { description: 'Values of the Origin header that are let in, `*` for any. Default: the server\'s own, and loopback ones while the app listens on loopback only.' }))
}, strict)

/** The options of the plugin: {@link OptionsSchema} as a type. */
export type HoldfastOptions = Type.Static<typeof OptionsSchema>

type Grouped = 'ttl' | 'limits' | 'thresholds'
type Optional = 'backend' | 'admin' | 'health' | 'metrics' | 'drainDelay' | 'keys' | 'encryption' | 'snapshot' | 'principal' | 'authInfo' | 'context' | 'allowedHosts' | 'allowedOrigins'
/** Options with every default in place. */
export type Settings = Required<Omit<HoldfastOptions, Optional | Grouped>> & Pick<HoldfastOptions, Optional> &
  { [Name in Grouped]: Required<NonNullable<HoldfastOptions[Name]>> }

/** @throws InvalidOptionError naming the option and what is wrong with it */
export function readOptions (given: HoldfastOptions): Settings {
  const options: Record<string, unknown> = { ...given }
  for (const name of REGISTRATION) delete options[name]
  for (const name of ['ttl', 'limits', 'thresholds', 'admin']) {
    if (isObject(options[name])) options[name] = { ...options[name] }
  }
  const filled = Value.Default(OptionsSchema, options)
  const [error] = Value.Errors(OptionsSchema, filled)
  if (error !== undefined) throw new InvalidOptionError(error.instancePath.slice(1).replaceAll('/', '.') || 'options', reason(error))
  return filled as Settings
}

function reason (error: TLocalizedValidationError): string {
  if (error.keyword === 'boolean') return 'there is no such option'
  if (error.keyword === 'enum') return `expected one of ${error.params.allowedValues.join(', ')}`
  return error.message
}
