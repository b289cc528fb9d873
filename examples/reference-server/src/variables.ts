import { Keyring } from '@holdfast/fastify'
import { parseAdminToken } from './admin-token.js'
import { BACKENDS, type BackendName } from './backends.js'
import { parseDemoTokens } from './demo-tokens.js'
import { parseMetricsAccess } from './metrics-guard.js'
import { duration, hostNames, oneOf, origins, redisUrls, wholeNumber } from './values.js'

/** A variable of the environment: how it is read, and what it is for. */
export interface Variable<T> {
  name: string
  parse: (text: string) => T
  /** What is taken where it is absent. */
  default?: T
  /** The option of the plugin that it sets, or, with `redis.` before its name, of `redis()`. Its default applies. */
  option?: string
  /** What is so where it is absent, if neither of these says it. */
  absent?: string
  /** What it sets. */
  about: string
}

export const SETTINGS = {
  host: {
    name: 'HOST',
    parse: String,
    default: '127.0.0.1',
    about: 'address to listen on'
  },
  port: {
    name: 'PORT',
    parse: wholeNumber(0, 65_535),
    default: 3_000,
    about: 'port to listen on; `0` takes a free one'
  },
  allowedHosts: {
    name: 'HOLDFAST_ALLOWED_HOSTS',
    parse: hostNames,
    absent: 'as the plugin: loopback names while it listens on loopback only, any otherwise',
    about: 'names that a request may have in `Host`, without port, with commas between them: the names that clients ' +
      'know the server by. Set it wherever `HOST` is not a loopback address'
  },
  allowedOrigins: {
    name: 'HOLDFAST_ALLOWED_ORIGINS',
    parse: origins,
    absent: 'as the plugin: that of the server itself',
    about: 'origins of web pages that may use the endpoint, such as `https://app.example.com`, ' +
      'with commas between them; `*` for any'
  },
  requestTimeout: {
    name: 'HOLDFAST_REQUEST_TIMEOUT',
    parse: duration,
    default: 30_000,
    about: 'how long a request may take to arrive, head and body, or the client gets 408; its head may take a third ' +
      'of that. Large uploads over a slow line need more'
  },
  backend: {
    name: 'HOLDFAST_BACKEND',
    parse: oneOf(Object.keys(BACKENDS) as BackendName[]),
    default: 'memory',
    about: 'where sessions live: `memory`, or `redis`: any replica serves any session. Needs keys'
  },
  redisUrl: {
    name: 'REDIS_URL',
    parse: redisUrls,
    absent: 'none; `redis` needs it',
    about: '`redis://user:password@host:6379`, or `rediss://` for TLS; several with commas between them: nodes of a ' +
      'Cluster, or Sentinels. In a password, `%2C` is a comma'
  },
  redisMaster: {
    name: 'HOLDFAST_REDIS_MASTER',
    parse: String,
    absent: 'none',
    about: 'says that `REDIS_URL` names Sentinels, and what they call the master that they watch'
  },
  redisPrefix: {
    name: 'HOLDFAST_REDIS_PREFIX',
    parse: String,
    option: 'redis.prefix',
    about: 'begins every key; two applications on one Redis need two'
  },
  replicated: {
    name: 'HOLDFAST_REDIS_REPLICATED',
    parse: wholeNumber(0),
    option: 'redis.replicated',
    about: 'replicas of Redis that must have a write before it counts as done: ' +
      'without it, a failover may lose the last ones'
  },
  durability: {
    name: 'HOLDFAST_DURABILITY',
    parse: oneOf(['warn', 'strict']),
    option: 'redis.durability',
    about: '`strict`: serve nothing while Redis does not keep sessions safe'
  },
  idle: {
    name: 'HOLDFAST_IDLE',
    parse: duration,
    option: 'ttl.idle',
    about: 'a session that is not used for so long expires'
  },
  absolute: {
    name: 'HOLDFAST_ABSOLUTE',
    parse: duration,
    option: 'ttl.absolute',
    about: 'a session expires so long after it was opened, used or not'
  },
  maxSessions: {
    name: 'HOLDFAST_MAX_SESSIONS',
    parse: wholeNumber(1),
    option: 'limits.maxSessions',
    about: 'sessions altogether'
  },
  maxPerOwner: {
    name: 'HOLDFAST_MAX_PER_OWNER',
    parse: wholeNumber(1),
    option: 'limits.maxPerOwner',
    about: 'sessions of one tenant'
  },
  maxLive: {
    name: 'HOLDFAST_MAX_LIVE',
    parse: wholeNumber(1),
    option: 'live.max',
    about: 'sessions with a server object in this process; the others are dormant'
  },
  maxCalls: {
    name: 'HOLDFAST_MAX_CALLS',
    parse: wholeNumber(1),
    option: 'limits.maxCalls',
    about: 'requests of one session in flight in this process; one more is answered 429'
  },
  evict: {
    name: 'HOLDFAST_EVICT',
    parse: oneOf(['idle', 'none']),
    option: 'limits.evict',
    about: '`idle`: at a cap, an idle session of the same owner ends for the new one'
  },
  responseMode: {
    name: 'HOLDFAST_RESPONSE_MODE',
    parse: oneOf(['auto', 'json', 'sse']),
    option: 'responseMode',
    about: 'how a call is answered: `json`, `sse`, or `auto`: JSON when it can be, SSE when it must be'
  },
  streamAfter: {
    name: 'HOLDFAST_STREAM_AFTER',
    parse: duration,
    option: 'streams.after',
    about: 'in mode `auto`, a call that takes longer becomes a stream'
  },
  retry: {
    name: 'HOLDFAST_RETRY',
    parse: duration,
    option: 'streams.retry',
    about: 'how long clients wait before they reconnect the stream of a call'
  },
  standaloneRetry: {
    name: 'HOLDFAST_STANDALONE_RETRY',
    parse: duration,
    option: 'streams.standaloneRetry',
    about: 'how long clients wait before they reconnect the stream that belongs to no call: ' +
      'longer than an outage that they should survive, for many try twice only'
  },
  callTimeout: {
    name: 'HOLDFAST_CALL_TIMEOUT',
    parse: duration,
    option: 'callTimeout',
    about: 'how long a request of the client or of the server may take, ' +
      'before it is cancelled and answered with an error'
  },
  stallTimeout: {
    name: 'HOLDFAST_STALL_TIMEOUT',
    parse: duration,
    option: 'stallTimeout',
    about: 'how long a reader of a reply may take nothing of what waits for it, before it is cut'
  },
  bodyTimeout: {
    name: 'HOLDFAST_BODY_TIMEOUT',
    parse: duration,
    option: 'bodyTimeout',
    about: 'how long the body of a request to one of our routes may take to arrive'
  },
  heartbeat: {
    name: 'HOLDFAST_HEARTBEAT',
    parse: duration,
    option: 'heartbeat',
    about: 'a process that died is noticed by the other replicas within two heartbeats'
  },
  drainDelay: {
    name: 'HOLDFAST_DRAIN_DELAY',
    parse: duration,
    absent: 'none',
    about: 'after SIGTERM or Ctrl-C it goes on for so long as before, but says that it is not ready: ' +
      'time for balancers to notice'
  },
  drainTimeout: {
    name: 'HOLDFAST_DRAIN_TIMEOUT',
    parse: duration,
    option: 'shutdown.timeout',
    about: 'how long running calls may go on after SIGTERM or Ctrl-C'
  },
  keys: {
    name: 'HOLDFAST_KEYS',
    parse: (text: string) => new Keyring(text),
    absent: 'none: sessions in memory are not sealed',
    about: '`<id>:<base64 of 32 bytes>`, several with commas between them: the first seals, all open'
  },
  encryption: {
    name: 'HOLDFAST_ENCRYPTION',
    parse: oneOf(['none']),
    absent: 'sealed, given keys',
    about: '`none`: a snapshot may be written without keys, with everything in it readable'
  },
  snapshot: {
    name: 'HOLDFAST_SNAPSHOT',
    parse: String,
    absent: 'none: sessions end with the process',
    about: 'a file, in a folder that exists: ' +
      'sessions are restored from it at the start and written to it at the end. Needs keys'
  },
  snapshotEvery: {
    name: 'HOLDFAST_SNAPSHOT_EVERY',
    parse: duration,
    absent: 'at the end only',
    about: 'they are written this often as well, for the day on which the process is killed'
  },
  adminToken: {
    name: 'HOLDFAST_ADMIN_TOKEN',
    parse: parseAdminToken,
    absent: 'none: no admin routes',
    about: 'a bearer token, 16 characters or more, that opens the [admin routes](admin.md) under `/mcp-sessions`'
  },
  metrics: {
    name: 'HOLDFAST_METRICS',
    parse: parseMetricsAccess,
    absent: 'none: no metrics',
    about: '`1` shows the [metrics](metrics.md) under `/metrics` to every client; ' +
      'a token of 16 characters or more shows them to clients that present it'
  },
  demoTokens: {
    name: 'HOLDFAST_DEMO_TOKENS',
    parse: parseDemoTokens,
    absent: 'none: no authentication',
    about: '`tenant-a:<token>,tenant-b:<token>`: requests need one of these bearer tokens, ' +
      'and a session belongs to its tenant'
  }
} satisfies Record<string, Variable<unknown>>

/** Every variable that there is. */
export const VARIABLES: ReadonlyArray<Variable<unknown>> = Object.values(SETTINGS)
