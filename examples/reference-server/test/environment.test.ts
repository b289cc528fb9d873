import t from 'tap'
import { EnvironmentError, readEnvironment } from '../dist/environment.js'

t.test('an empty environment gives the defaults of the server and leaves the rest to the plugin', async t => {
  t.strictSame(readEnvironment({ PATH: '/bin' }), {
    host: '127.0.0.1', port: 3_000, requestTimeout: 30_000, backend: 'memory'
  })
})

const KEY = 'A'.repeat(42) + 'E='
const OTHER = 'B'.repeat(42) + 'E='

t.test('every variable is read', async t => {
  const { keys, ...settings } = readEnvironment({
    HOST: '0.0.0.0',
    PORT: '0',
    HOLDFAST_ALLOWED_HOSTS: 'mcp.example.com, LOCALHOST,[::1],10.0.0.1',
    HOLDFAST_ALLOWED_ORIGINS: 'https://app.example.com, http://localhost:5173,chrome-extension://abc',
    HOLDFAST_REQUEST_TIMEOUT: '1m',
    HOLDFAST_BACKEND: 'memory',
    HOLDFAST_IDLE: '15m',
    HOLDFAST_ABSOLUTE: '24h',
    HOLDFAST_MAX_SESSIONS: '1000',
    HOLDFAST_MAX_PER_OWNER: '10',
    HOLDFAST_MAX_LIVE: '5',
    HOLDFAST_MAX_CALLS: '32',
    HOLDFAST_EVICT: 'idle',
    HOLDFAST_RESPONSE_MODE: 'sse',
    HOLDFAST_RETRY: '2s',
    HOLDFAST_STANDALONE_RETRY: '10s',
    HOLDFAST_CALL_TIMEOUT: '2h',
    HOLDFAST_STALL_TIMEOUT: '20s',
    HOLDFAST_BODY_TIMEOUT: '15s',
    HOLDFAST_STREAM_AFTER: '250',
    HOLDFAST_HEARTBEAT: '1s',
    HOLDFAST_DRAIN_DELAY: '2s',
    HOLDFAST_DRAIN_TIMEOUT: '5s',
    HOLDFAST_KEYS: `k2:${KEY},k1:${OTHER}`,
    HOLDFAST_SNAPSHOT: './sessions',
    HOLDFAST_SNAPSHOT_EVERY: '30s',
    HOLDFAST_ADMIN_TOKEN: 'a-token-of-the-operator==',
    HOLDFAST_METRICS: '1',
    HOLDFAST_DEMO_TOKENS: 'tenant-a:secret-1, tenant-b:c2VjcmV0+/==,tenant-a:secret-2'
  })
  t.strictSame(keys?.ids, [{ id: 'k2', state: 'active' }, { id: 'k1', state: 'decrypt-only' }])
  t.strictSame(settings, {
    host: '0.0.0.0',
    port: 0,
    allowedHosts: ['mcp.example.com', 'localhost', '[::1]', '10.0.0.1'],
    allowedOrigins: ['https://app.example.com', 'http://localhost:5173', 'chrome-extension://abc'],
    requestTimeout: 60_000,
    backend: 'memory',
    idle: 900_000,
    absolute: 86_400_000,
    maxSessions: 1_000,
    maxPerOwner: 10,
    maxLive: 5,
    maxCalls: 32,
    evict: 'idle',
    responseMode: 'sse',
    streamAfter: 250,
    retry: 2_000,
    standaloneRetry: 10_000,
    callTimeout: 7_200_000,
    stallTimeout: 20_000,
    bodyTimeout: 15_000,
    heartbeat: 1_000,
    drainDelay: 2_000,
    drainTimeout: 5_000,
    snapshot: './sessions',
    snapshotEvery: 30_000,
    adminToken: 'a-token-of-the-operator==',
    metrics: 'anybody',
    demoTokens: [
      { tenant: 'tenant-a', token: 'secret-1' },
      { tenant: 'tenant-b', token: 'c2VjcmV0+/==' },
      { tenant: 'tenant-a', token: 'secret-2' }
    ]
  })
})

const WRONG: Array<[name: string, value: string, reason: RegExp]> = [
  ['HOST', '', /is empty/],
  ['PORT', '65536', /whole number from 0 to 65535/],
  ['PORT', 'http', /whole number/],
  ['PORT', '-1', /whole number/],
  ['PORT', '', /is empty/],
  ['HOLDFAST_ALLOWED_HOSTS', 'mcp.example.com:443', /without scheme and port/],
  ['HOLDFAST_ALLOWED_HOSTS', 'https://mcp.example.com', /without scheme and port/],
  ['HOLDFAST_ALLOWED_HOSTS', 'one.example.com,,two.example.com', /without scheme and port/],
  ['HOLDFAST_ALLOWED_HOSTS', '*', /without scheme and port/],
  ['HOLDFAST_ALLOWED_HOSTS', '::1', /without scheme and port/],
  ['HOLDFAST_ALLOWED_HOSTS', '1.2.3.4.5', /without scheme and port/],
  ['HOLDFAST_ALLOWED_ORIGINS', 'app.example.com', /expected origins such as/],
  ['HOLDFAST_ALLOWED_ORIGINS', 'https://app.example.com/', /expected origins such as/],
  ['HOLDFAST_ALLOWED_ORIGINS', 'https://app.example.com:443', /expected origins such as/],
  ['HOLDFAST_ALLOWED_ORIGINS', 'https://hush@app.example.com', /expected origins such as/],
  ['HOLDFAST_ALLOWED_ORIGINS', 'null', /expected origins such as/],
  ['HOLDFAST_ALLOWED_ORIGINS', 'data:hush', /expected origins such as/],
  ['HOLDFAST_REQUEST_TIMEOUT', '0', /a positive number of milliseconds/],
  ['HOLDFAST_EVICT', 'oldest', /expected one of idle, none/],
  ['HOLDFAST_RETRY', 'never', /a positive number of milliseconds/],
  ['HOLDFAST_STANDALONE_RETRY', '0', /a positive number of milliseconds/],
  ['HOLDFAST_CALL_TIMEOUT', 'none', /a positive number of milliseconds/],
  ['HOLDFAST_STALL_TIMEOUT', '-1', /a positive number of milliseconds/],
  ['HOLDFAST_BODY_TIMEOUT', '', /is empty/],
  ['HOLDFAST_MAX_CALLS', '0', /whole number from 1/],
  ['HOLDFAST_BACKEND', 'postgres', /expected one of memory, redis/],
  ['HOLDFAST_BACKEND', '__proto__', /expected one of memory/],
  ['HOLDFAST_IDLE', 'soon', /a positive number of milliseconds/],
  ['HOLDFAST_IDLE', '0', /a positive number of milliseconds/],
  ['HOLDFAST_ABSOLUTE', '-5m', /a positive number of milliseconds/],
  ['HOLDFAST_ABSOLUTE', '1.5h', /a positive number of milliseconds/],
  ['HOLDFAST_MAX_SESSIONS', '0', /whole number from 1/],
  ['HOLDFAST_MAX_PER_OWNER', '1e3', /whole number/],
  ['HOLDFAST_MAX_LIVE', '99999999999999999999', /whole number/],
  ['HOLDFAST_RESPONSE_MODE', 'SSE', /expected one of auto, json, sse/],
  ['HOLDFAST_STREAM_AFTER', ' 5s', /a positive number of milliseconds/],
  ['HOLDFAST_ADMIN_TOKEN', '', /is empty/],
  ['HOLDFAST_ADMIN_TOKEN', 'hush', /16 or more/],
  ['HOLDFAST_ADMIN_TOKEN', 'hush hush hush hush', /16 or more/],
  ['HOLDFAST_METRICS', 'hush', /16 or more/],
  ['HOLDFAST_METRICS', '0', /16 or more/],
  ['HOLDFAST_DEMO_TOKENS', '', /is empty/],
  ['HOLDFAST_DEMO_TOKENS', 'tenant-a:', /entry 1 is not <tenant>:<token>/],
  ['HOLDFAST_DEMO_TOKENS', 'tenant-a:hush,hush', /entry 2 is not <tenant>:<token>/],
  ['HOLDFAST_DEMO_TOKENS', 'tenant-a:hush,tenant b:hush2', /entry 2 is not <tenant>:<token>/],
  ['HOLDFAST_DEMO_TOKENS', 'tenant-a:hush,tenant-b:hush', /entry 2 repeats a token/],
  ['HOLDFAST_DRAIN_TIMEOUT', 'never', /a positive number of milliseconds/],
  ['HOLDFAST_KEYS', '', /is empty/],
  ['HOLDFAST_KEYS', 'hush', /keys\[0\]: expected id:key/],
  ['HOLDFAST_KEYS', 'k1:hush', /keys\[0\]\.key: expected 32 bytes/],
  ['HOLDFAST_KEYS', `k1:${KEY},k2:${KEY.slice(4)}`, /keys\[1\]\.key: expected 32 bytes/],
  ['HOLDFAST_KEYS', `k1:${KEY.toLowerCase()}!`, /keys\[0\]\.key: expected 32 bytes/],
  ['HOLDFAST_KEYS', `k1:${KEY},k1:${OTHER}`, /keys\[1\]\.id: is also the id of keys\[0\]/],
  ['HOLDFAST_KEYS', `k1:${KEY},k2:${KEY}`, /keys\[1\]\.key: is the same key as keys\[0\]/],
  ['HOLDFAST_KEYS', `k1:${KEY}:decrypt-only`, /keys: expected an active key/],
  ['HOLDFAST_ENCRYPTION', 'aes', /expected one of none/],
  ['HOLDFAST_SNAPSHOT', '', /is empty/],
  ['HOLDFAST_SNAPSHOT', './sessions', /needs HOLDFAST_KEYS; or say HOLDFAST_ENCRYPTION=none/],
  ['HOLDFAST_SNAPSHOT_EVERY', '30', /does nothing without HOLDFAST_SNAPSHOT/],
  ['HOLDFAST_SNAPSHOT_EVERY', 'often', /a positive number of milliseconds/],
  ['REDIS_URL', '', /is empty/],
  ['REDIS_URL', 'hush', /expected redis:/],
  ['REDIS_URL', 'https://me:hush@there', /expected redis:/],
  ['HOLDFAST_REDIS_PREFIX', 'hush', /does nothing without HOLDFAST_BACKEND=redis/],
  ['HOLDFAST_DURABILITY', 'hush', /expected one of warn, strict/],
  ['HOLDFAST_REDIS_MASTER', 'main', /does nothing without HOLDFAST_BACKEND=redis/],
  ['HOLDFAST_REDIS_REPLICATED', '1', /does nothing without HOLDFAST_BACKEND=redis/],
  ['HOLDFAST_REDIS_REPLICATED', 'all', /expected a whole number/],
  ['HOLDFAST_DURABILITY', 'strict', /does nothing without HOLDFAST_BACKEND=redis/],
  ['HOLDFAST_MAX_LIFE', '5', /is not a variable of this server/]
]

for (const [name, value, reason] of WRONG) {
  t.test(`${name}=${JSON.stringify(value)} is refused by name, without showing the value`, async t => {
    const error = thrownBy(() => readEnvironment({ [name]: value }))
    t.ok(error.message.startsWith(`${name}: `))
    t.match(error.message, reason)
    for (const secret of ['hush', KEY.slice(4), KEY.toLowerCase(), OTHER]) t.notOk(error.message.includes(secret))
  })
}

t.test('keys and no encryption do not go together', async t => {
  const { message } = thrownBy(() => readEnvironment({ HOLDFAST_KEYS: `k1:${KEY}`, HOLDFAST_ENCRYPTION: 'none' }))
  t.match(message, /^HOLDFAST_ENCRYPTION: cannot be "none" while HOLDFAST_KEYS is set$/)
})

t.test('a tenant is no operator', async t => {
  const token = 'the-same-secret-token'
  const environment = { HOLDFAST_ADMIN_TOKEN: token, HOLDFAST_DEMO_TOKENS: `tenant-a:${token}` }
  const { message } = thrownBy(() => readEnvironment(environment))
  t.match(message, /^HOLDFAST_ADMIN_TOKEN: is a token of a tenant as well$/)
})

t.test('sessions in Redis', async t => {
  const given = {
    HOLDFAST_BACKEND: 'redis',
    REDIS_URL: 'redis://me:hush@there',
    HOLDFAST_REDIS_PREFIX: 'a:',
    HOLDFAST_DURABILITY: 'strict'
  }
  const settings = { backend: 'redis', redisUrl: ['redis://me:hush@there'], redisPrefix: 'a:', durability: 'strict' }
  t.match(readEnvironment({ ...given, HOLDFAST_KEYS: `k1:${KEY}` }), settings)
  t.match(readEnvironment({ ...given, HOLDFAST_ENCRYPTION: 'none' }), settings)
  const needed = /^HOLDFAST_BACKEND: .* needs HOLDFAST_KEYS; or say HOLDFAST_ENCRYPTION=none$/
  t.match(thrownBy(() => readEnvironment(given)).message, needed)
  const nowhere = { ...given, HOLDFAST_KEYS: `k1:${KEY}`, REDIS_URL: undefined }
  t.match(thrownBy(() => readEnvironment(nowhere)).message, /^REDIS_URL: is needed/)
  const several = {
    ...given,
    HOLDFAST_ENCRYPTION: 'none',
    REDIS_URL: 'redis://one,rediss://two:1',
    HOLDFAST_REDIS_MASTER: 'main',
    HOLDFAST_REDIS_REPLICATED: '1'
  }
  t.match(readEnvironment(several), { redisUrl: ['redis://one', 'rediss://two:1'], redisMaster: 'main', replicated: 1 })
})

t.test('a snapshot may be readable where that is said', async t => {
  const settings = readEnvironment({ HOLDFAST_SNAPSHOT: './sessions', HOLDFAST_ENCRYPTION: 'none' })
  t.match(settings, { snapshot: './sessions', encryption: 'none' })
})

t.test('everything that is wrong is said at once', async t => {
  const wrong = { PORT: 'x', HOLDFAST_IDLE: 'x', HOLDFAST_X: 'x', HOLDFAST_MAX_LIVE: '2' }
  const { message } = thrownBy(() => readEnvironment(wrong))
  t.strictSame(message.split('\n').map(line => line.split(':')[0]), ['HOLDFAST_X', 'PORT', 'HOLDFAST_IDLE'])
})

function thrownBy (act: () => unknown): EnvironmentError {
  try {
    act()
  } catch (error) {
    if (error instanceof EnvironmentError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
