import type { Keyring } from '@holdfast/fastify'
import { OptionsSchema } from '@holdfast/fastify'
import t from 'tap'
import { EnvironmentError, VARIABLES, fromEnv, wholeNumber } from '../dist/index.js'

const KEY = 'A'.repeat(42) + 'E='

/** What each variable may be, and what it sets. */
const GOOD: Record<string, [text: string, path: string, value: unknown]> = {
  HOLDFAST_NAMESPACE: ['shop', 'options.namespace', 'shop'],
  HOLDFAST_ANONYMOUS: ['true', 'options.anonymous', true],
  HOLDFAST_IDLE: ['15m', 'options.ttl.idle', 900_000],
  HOLDFAST_ABSOLUTE: ['60d', 'options.ttl.absolute', 5_184_000_000],
  HOLDFAST_MAX_SESSIONS: ['1000', 'options.limits.maxSessions', 1_000],
  HOLDFAST_MAX_PER_OWNER: ['10', 'options.limits.maxPerOwner', 10],
  HOLDFAST_MAX_STATE_BYTES: ['4096', 'options.limits.maxStateBytes', 4_096],
  HOLDFAST_MAX_CALLS: ['32', 'options.limits.maxCalls', 32],
  HOLDFAST_MAX_OPEN_STREAMS: ['2', 'options.limits.maxOpenStreams', 2],
  HOLDFAST_MAX_SUBSCRIPTIONS: ['3', 'options.limits.maxSubscriptions', 3],
  HOLDFAST_EVICT: ['idle', 'options.limits.evict', 'idle'],
  HOLDFAST_MAX_LIVE: ['5', 'options.live.max', 5],
  HOLDFAST_LIVE_IDLE: ['90s', 'options.live.idle', 90_000],
  HOLDFAST_START_TIMEOUT: ['5s', 'options.live.startTimeout', 5_000],
  HOLDFAST_MODERN: ['auto', 'options.modern', 'auto'],
  HOLDFAST_LEGACY: ['off', 'options.legacy', 'off'],
  HOLDFAST_PATH: ['/tools', 'options.path', '/tools'],
  HOLDFAST_HEALTH: ['/health', 'options.health', '/health'],
  HOLDFAST_METRICS_PATH: ['/metrics', 'options.metrics.path', '/metrics'],
  HOLDFAST_ALLOWED_HOSTS: [
    'mcp.example.com, LOCALHOST,[::1],10.0.0.1',
    'options.allowedHosts', ['mcp.example.com', 'localhost', '[::1]', '10.0.0.1']
  ],
  HOLDFAST_ALLOWED_ORIGINS: [
    'https://app.example.com, http://localhost:5173,chrome-extension://abc',
    'options.allowedOrigins', ['https://app.example.com', 'http://localhost:5173', 'chrome-extension://abc']
  ],
  HOLDFAST_BODY_LIMIT: ['65536', 'options.bodyLimit', 65_536],
  HOLDFAST_BODY_TIMEOUT: ['15s', 'options.bodyTimeout', 15_000],
  HOLDFAST_CALL_TIMEOUT: ['2h', 'options.callTimeout', 7_200_000],
  HOLDFAST_STALL_TIMEOUT: ['20s', 'options.stallTimeout', 20_000],
  HOLDFAST_RESPONSE_MODE: ['sse', 'options.responseMode', 'sse'],
  HOLDFAST_STREAM_AFTER: ['250', 'options.streams.after', 250],
  HOLDFAST_RETRY: ['2s', 'options.streams.retry', 2_000],
  HOLDFAST_STANDALONE_RETRY: ['10s', 'options.streams.standaloneRetry', 10_000],
  HOLDFAST_KEEP_ALIVE: ['25s', 'options.streams.keepAlive', 25_000],
  HOLDFAST_MAX_BUFFERED: ['1024', 'options.streams.maxBuffered', 1_024],
  HOLDFAST_DRAIN_DELAY: ['2s', 'options.shutdown.delay', 2_000],
  HOLDFAST_DRAIN_TIMEOUT: ['5s', 'options.shutdown.timeout', 5_000],
  HOLDFAST_HEARTBEAT: ['1s', 'options.heartbeat', 1_000],
  HOLDFAST_THRESHOLD_LATENCY: ['100ms', 'options.thresholds.latency', 100],
  HOLDFAST_THRESHOLD_ERROR_RATE: ['.25', 'options.thresholds.errorRate', 0.25],
  HOLDFAST_THRESHOLD_INTERVAL: ['5s', 'options.thresholds.interval', 5_000],
  HOLDFAST_ENCRYPTION: ['none', 'options.encryption', 'none'],
  HOLDFAST_SNAPSHOT: ['./sessions', 'options.snapshot.every', 30_000],
  HOLDFAST_SNAPSHOT_EVERY: ['30s', 'options.snapshot.every', 30_000],
  HOLDFAST_BACKEND: ['redis', 'storage.backend', 'redis'],
  REDIS_URL: ['redis://one,rediss://two:1', 'storage.redis.url', ['redis://one', 'rediss://two:1']],
  HOLDFAST_REDIS_MASTER: ['main', 'storage.redis.master', 'main'],
  HOLDFAST_REDIS_PREFIX: ['shop:', 'storage.redis.prefix', 'shop:'],
  HOLDFAST_REDIS_COMMAND_TIMEOUT: ['2s', 'storage.redis.commandTimeout', 2_000],
  HOLDFAST_REDIS_REPLICATED: ['1', 'storage.redis.replicated', 1],
  HOLDFAST_DURABILITY: ['strict', 'storage.redis.durability', 'strict'],
  HOLDFAST_FALLBACK: ['memory', 'storage.fallback.to', 'memory'],
  HOLDFAST_FALLBACK_PROBE: ['3s', 'storage.fallback.probe', 3_000],
  HOLDFAST_COPY_URL: ['rediss://other', 'storage.copy.url', 'rediss://other'],
  HOLDFAST_COPY_MASTER: ['second', 'storage.copy.master', 'second'],
  HOLDFAST_COPY_PREFIX: ['copy:', 'storage.copy.prefix', 'copy:'],
  HOLDFAST_MAX_EVENTS: ['50', 'storage.bounds.maxEntries', 50],
  HOLDFAST_MAX_STREAM_BYTES: ['2048', 'storage.bounds.maxStreamBytes', 2_048],
  HOLDFAST_MAX_STREAMS: ['4', 'storage.bounds.maxStreams', 4],
  HOLDFAST_MAX_TOMBSTONES: ['500', 'storage.bounds.maxTombstones', 500],
  HOLDFAST_MEMORY_BYTES: ['1048576', 'storage.memory.maxBytes', 1_048_576],
  HOLDFAST_MEMORY_ENDED_BYTES: ['65536', 'storage.memory.maxEndedBytes', 65_536]
}

/** What the variables of a file may be. They do not go together with those of Redis, a fallback and memory. */
const ON_FILE: typeof GOOD = {
  HOLDFAST_BACKEND: ['sqlite', 'storage.backend', 'sqlite'],
  HOLDFAST_SQLITE: ['C:/holdfast/sessions.db', 'storage.sqlite.path', 'C:/holdfast/sessions.db'],
  HOLDFAST_SQLITE_DURABILITY: ['process', 'storage.sqlite.durability', 'process'],
  HOLDFAST_SQLITE_TOUCH_DELAY: ['2s', 'storage.sqlite.touchDelay', 2_000],
  HOLDFAST_SQLITE_BYTES: ['1048576', 'storage.sqlite.maxBytes', 1_048_576],
  HOLDFAST_SQLITE_CACHE_BYTES: ['65536', 'storage.sqlite.cacheBytes', 65_536]
}

t.test('an empty environment sets nothing', async t => {
  const { options, storage, own } = fromEnv({ PATH: '/bin', HOME: '' })
  t.strictSame({ options, storage, own }, { options: {}, storage: {}, own: {} })
})

t.test('every variable sets what it says, and only that', async t => {
  const known = new Set([...Object.keys(GOOD), ...Object.keys(ON_FILE), 'HOLDFAST_KEYS'])
  t.strictSame([...known].sort(), VARIABLES.map(({ name }) => name).sort())
  const elsewhere = /^(?:storage\.(?:redis|fallback|memory)\.|options\.snapshot)/
  const besideFile = Object.entries(GOOD).filter(([, [, path]]) => !elsewhere.test(path))
  for (const good of [GOOD, { ...Object.fromEntries(besideFile), ...ON_FILE }]) {
    const { createBackend, own, ...read } = fromEnv(Object.fromEntries(
      Object.entries(good).map(([name, [text]]) => [name, text])
    ))
    for (const [name, [, path, value]] of Object.entries(good)) t.strictSame(at(read, path), value, name)
    const { snapshot, ...options } = read.options
    t.type(snapshot?.write, good === GOOD ? 'function' : 'undefined')
    const expected = Object.values(good).filter(([, path]) => !path.includes('snapshot')).length
    t.equal(leaves({ options, storage: read.storage }), expected)
  }
})

t.test('keys are a keyring', async t => {
  const { keys } = fromEnv({ HOLDFAST_KEYS: `k2:${KEY},k1:${KEY.replace('A', 'B')}` }).options
  t.strictSame((keys as Keyring).ids, [{ id: 'k2', state: 'active' }, { id: 'k1', state: 'decrypt-only' }])
})

/** Options that a text cannot express, or that only an application can complete. */
const LEFT_OUT = new Set([
  'createServer', 'backend', 'snapshot', 'admin.authorize', 'admin.path', 'admin.restoreLimit', 'metrics.registry',
  'principal', 'authInfo', 'context.schema', 'context.resolve', 'context.renew', 'context.renewEvery', 'onEnd'
])

t.test('every option of the plugin that a text can express has a variable', async t => {
  const known = new Set(VARIABLES.map(({ option }) => option))
  const paths = Object.entries(OptionsSchema.properties).flatMap(([name, schema]) =>
    'properties' in schema ? Object.keys(schema.properties as object).map(member => `${name}.${member}`) : [name])
  t.ok(paths.length > 40)
  t.strictSame(paths.filter(path => !known.has(path) && !LEFT_OUT.has(path)), [])
})

t.test('variables of the application are read with ours', async t => {
  const OWN = {
    port: { name: 'PORT', parse: wholeNumber(0, 65_535), default: 3_000, about: 'port to listen on' },
    motto: { name: 'HOLDFAST_MOTTO', parse: String, about: 'what it says of itself' }
  }
  t.strictSame(fromEnv({}, OWN).own, { port: 3_000 })
  t.strictSame(fromEnv({ PORT: '0', HOLDFAST_MOTTO: 'hold fast' }, OWN).own, { port: 0, motto: 'hold fast' })
  t.throws(() => fromEnv({ PORT: 'x', HOLDFAST_IDLE: 'x', HOLDFAST_MOTTO: '' }, OWN), {
    message: /^PORT: expected .*\nHOLDFAST_MOTTO: is empty.*\nHOLDFAST_IDLE: expected [^\n]*$/
  })
})

t.test('without an argument it reads the environment of the process', async t => {
  process.env.HOLDFAST_MAX_LIVE = '7'
  t.teardown(() => { delete process.env.HOLDFAST_MAX_LIVE })
  t.strictSame(fromEnv().options, { live: { max: 7 } })
})

t.test('everything that is wrong is said at once', async t => {
  const wrong = { HOLDFAST_IDLE: 'x', HOLDFAST_X: 'x', HOLDFAST_BACKEND: 'redis', HOLDFAST_FALLBACK_PROBE: '1s' }
  try {
    fromEnv(wrong)
    t.fail('it was taken')
  } catch (error) {
    t.type(error, EnvironmentError)
    const { problems, code, message } = error as EnvironmentError
    t.strictSame(problems.map(problem => problem.split(':')[0]), [
      'HOLDFAST_X', 'HOLDFAST_IDLE', 'HOLDFAST_FALLBACK_PROBE', 'REDIS_URL', 'HOLDFAST_BACKEND'
    ])
    t.equal(code, 'INVALID_ENVIRONMENT')
    t.equal(message, problems.join('\n'))
  }
})

function at (value: unknown, path: string): unknown {
  return path.split('.').reduce<any>((value, name) => value?.[name], value)
}

function leaves (value: unknown): number {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 1
  return Object.values(value).reduce<number>((sum, member) => sum + leaves(member), 0)
}

t.test('an own variable whose parser shows the value, throws anything, or has a name that objects inherit', async t => {
  const own = {
    json: { name: 'MY_JSON', parse: JSON.parse, about: 'JSON' },
    any: { name: 'MY_ANY', parse: () => { throw 'secret' }, about: 'nothing' }, // eslint-disable-line no-throw-literal
    inherited: { name: 'constructor', parse: String, about: 'a name' }
  }
  const wrong = { MY_JSON: 'secret', MY_ANY: 'secret' }
  t.throws(() => fromEnv(wrong, own), { message: 'MY_JSON: cannot be read\nMY_ANY: cannot be read' })
  t.strictSame(fromEnv({}, own).own, {})
})

t.test('an application may have keys of its own, and share its environment with the command line', async t => {
  const environment = { HOLDFAST_SNAPSHOT: '/tmp/x', HOLDFAST_KEYS_MODULE: 'keys.mjs' }
  t.throws(() => fromEnv(environment), { message: /^HOLDFAST_SNAPSHOT: [^\n]*HOLDFAST_KEYS/ })
  t.ok(fromEnv(environment, {}, { keys: true }).options.snapshot)
})
