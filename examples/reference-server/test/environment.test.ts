import { EnvironmentError } from '@holdfast/env'
import t from 'tap'
import { readEnvironment } from '../dist/environment.js'

t.test('an empty environment gives the defaults of the server and leaves the rest to the plugin', async t => {
  const { own, options, storage } = readEnvironment({ PATH: '/bin' })
  t.strictSame(own, { host: '127.0.0.1', port: 3_000, requestTimeout: 30_000 })
  t.strictSame({ options, storage }, { options: {}, storage: {} })
})

t.test('every variable of the server is read', async t => {
  const { own } = readEnvironment({
    HOST: '0.0.0.0',
    PORT: '0',
    HOLDFAST_REQUEST_TIMEOUT: '1m',
    HOLDFAST_ADMIN_TOKEN: 'a-token-of-the-operator==',
    HOLDFAST_METRICS: '1',
    HOLDFAST_DEMO_TOKENS: 'tenant-a:secret-1, tenant-b:c2VjcmV0+/==,tenant-a:secret-2'
  })
  t.strictSame(own, {
    host: '0.0.0.0',
    port: 0,
    requestTimeout: 60_000,
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
  ['HOLDFAST_REQUEST_TIMEOUT', '0', /a positive number of milliseconds/],
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
  ['HOLDFAST_METRICS_PATH', '/metrics', /does nothing without HOLDFAST_METRICS/]
]

for (const [name, value, reason] of WRONG) {
  t.test(`${name}=${JSON.stringify(value)} is refused by name, without showing the value`, async t => {
    const { message } = thrownBy({ [name]: value })
    t.ok(message.startsWith(`${name}: `))
    t.match(message, reason)
    t.notMatch(message, /hush/)
  })
}

t.test('a tenant is no operator', async t => {
  const token = 'the-same-secret-token'
  const { message } = thrownBy({ HOLDFAST_ADMIN_TOKEN: token, HOLDFAST_DEMO_TOKENS: `tenant-a:${token}` })
  t.match(message, /^HOLDFAST_ADMIN_TOKEN: is a token of a tenant as well$/)
})

t.test('what is wrong with variables of Holdfast is said with the rest', async t => {
  const { message } = thrownBy({ PORT: 'x', HOLDFAST_IDLE: 'x', HOLDFAST_X: 'x' })
  t.strictSame(message.split('\n').map(line => line.split(':')[0]), ['HOLDFAST_X', 'PORT', 'HOLDFAST_IDLE'])
})

function thrownBy (environment: NodeJS.ProcessEnv): EnvironmentError {
  try {
    readEnvironment(environment)
  } catch (error) {
    if (error instanceof EnvironmentError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
