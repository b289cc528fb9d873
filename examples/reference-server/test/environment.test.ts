import t from 'tap'
import { EnvironmentError, readEnvironment } from '../src/environment.js'

t.test('an empty environment gives the defaults of the server and leaves the rest to the plugin', async t => {
  t.strictSame(readEnvironment({ PATH: '/bin' }), { host: '127.0.0.1', port: 3_000, backend: 'memory' })
})

t.test('every variable is read', async t => {
  t.strictSame(readEnvironment({
    HOST: '0.0.0.0',
    PORT: '0',
    HOLDFAST_BACKEND: 'memory',
    HOLDFAST_IDLE: '15m',
    HOLDFAST_ABSOLUTE: '24h',
    HOLDFAST_MAX_SESSIONS: '1000',
    HOLDFAST_MAX_PER_OWNER: '10',
    HOLDFAST_MAX_LIVE: '5',
    HOLDFAST_RESPONSE_MODE: 'sse',
    HOLDFAST_STREAM_AFTER: '250',
    HOLDFAST_DEMO_TOKENS: 'tenant-a:secret-1, tenant-b:c2VjcmV0+/==,tenant-a:secret-2'
  }), {
    host: '0.0.0.0',
    port: 0,
    backend: 'memory',
    idle: 900_000,
    absolute: 86_400_000,
    maxSessions: 1_000,
    maxPerOwner: 10,
    maxLive: 5,
    responseMode: 'sse',
    streamAfter: 250,
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
  ['HOLDFAST_BACKEND', 'postgres', /expected one of memory/],
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
  ['HOLDFAST_DEMO_TOKENS', '', /is empty/],
  ['HOLDFAST_DEMO_TOKENS', 'tenant-a:', /entry 1 is not <tenant>:<token>/],
  ['HOLDFAST_DEMO_TOKENS', 'tenant-a:hush,hush', /entry 2 is not <tenant>:<token>/],
  ['HOLDFAST_DEMO_TOKENS', 'tenant-a:hush,tenant b:hush2', /entry 2 is not <tenant>:<token>/],
  ['HOLDFAST_DEMO_TOKENS', 'tenant-a:hush,tenant-b:hush', /entry 2 repeats a token/],
  ['HOLDFAST_MAX_LIFE', '5', /is not a variable of this server/]
]

for (const [name, value, reason] of WRONG) {
  t.test(`${name}=${JSON.stringify(value)} is refused by name, without showing the value`, async t => {
    const error = thrownBy(() => readEnvironment({ [name]: value }))
    t.ok(error.message.startsWith(`${name}: `))
    t.match(error.message, reason)
    t.notMatch(error.message, 'hush')
  })
}

t.test('everything that is wrong is said at once', async t => {
  const { message } = thrownBy(() => readEnvironment({ PORT: 'x', HOLDFAST_IDLE: 'x', HOLDFAST_X: 'x', HOLDFAST_MAX_LIVE: '2' }))
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
