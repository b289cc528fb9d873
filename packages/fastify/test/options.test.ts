import Fastify from 'fastify'
import { memory } from '@holdfast/memory'
import { Registry } from 'prom-client'
import t from 'tap'
import holdfast, { type HoldfastOptions, OptionsSchema, generateKey } from '../dist/index.js'
import { serving } from './fixtures/tools.js'

const createServer = serving()
const authorize = (): boolean => false
const resolve = (): Record<string, never> => ({})

/** Options that must not start: the path that the message names, and its reason. */
const INVALID: Array<[options: unknown, path: string, reason: RegExp]> = [
  [{ createServer: undefined }, 'createServer', /function/],
  [{ createServer: 'no' }, 'createServer', /function/],
  [{ unknown: 1 }, 'unknown', /no such option/],
  [{ TTL: {} }, 'TTL', /no such option/],
  [{ backend: {} }, 'backend', /backend/],
  [{ backend: null }, 'backend', /backend/],
  [{ backend: 'memory' }, 'backend', /backend/],
  [{ backend: memory }, 'backend', /backend/],
  [{ namespace: '' }, 'namespace', /1/],
  [{ namespace: 7 }, 'namespace', /string/],
  [{ namespace: 'x'.repeat(65) }, 'namespace', /64/],
  [{ path: 'mcp' }, 'path', /\^\//],
  [{ principal: 'sub' }, 'principal', /function/],
  [{ anonymous: 'yes' }, 'anonymous', /boolean/],
  [{ authInfo: {} }, 'authInfo', /function/],
  [{ context: resolve }, 'context', /object/],
  [{ context: {} }, 'context', /resolve/],
  [{ context: { resolve: 1 } }, 'context.resolve', /function/],
  [{ context: { resolve, schema: 'string' } }, 'context.schema', /object/],
  [{ context: { resolve, scheme: {} } }, 'context.scheme', /no such option/],
  [{ ttl: '30m' }, 'ttl', /object/],
  [{ ttl: null }, 'ttl', /object/],
  [{ ttl: { idle: 'soon' } }, 'ttl.idle', /30s/],
  [{ ttl: { idle: 0 } }, 'ttl.idle', /milliseconds/],
  [{ ttl: { idle: -1 } }, 'ttl.idle', /milliseconds/],
  [{ ttl: { idle: 1.5 } }, 'ttl.idle', /milliseconds/],
  [{ ttl: { idle: NaN } }, 'ttl.idle', /number or string/],
  [{ ttl: { idle: Infinity } }, 'ttl.idle', /number or string/],
  [{ ttl: { absolute: '1 day' } }, 'ttl.absolute', /24h/],
  [{ ttl: { absolute: {} } }, 'ttl.absolute', /number or string/],
  [{ ttl: { max: '1h' } }, 'ttl.max', /no such option/],
  [{ limits: [] }, 'limits', /object/],
  [{ limits: { maxSessions: 0 } }, 'limits.maxSessions', /1/],
  [{ limits: { maxPerOwner: 2.5 } }, 'limits.maxPerOwner', /integer/],
  [{ limits: { maxStateBytes: -1 } }, 'limits.maxStateBytes', /1/],
  [{ limits: { evict: 'oldest' } }, 'limits.evict', /idle/],
  [{ limits: { evict: true } }, 'limits.evict', /expected one of idle, none/],
  [{ limits: { max: 3 } }, 'limits.max', /no such option/],
  [{ thresholds: '1s' }, 'thresholds', /object/],
  [{ thresholds: { latency: 'slow' } }, 'thresholds.latency', /milliseconds/],
  [{ thresholds: { errorRate: 0 } }, 'thresholds.errorRate', /0/],
  [{ thresholds: { errorRate: 1.5 } }, 'thresholds.errorRate', /1/],
  [{ thresholds: { interval: -1 } }, 'thresholds.interval', /milliseconds/],
  [{ thresholds: { cpu: 1 } }, 'thresholds.cpu', /no such option/],
  [{ responseMode: 'stream' }, 'responseMode', /sse/],
  [{ streams: true }, 'streams', /object/],
  [{ streams: { after: 'never' } }, 'streams.after', /milliseconds/],
  [{ streams: { retry: null } }, 'streams.retry', /number or string/],
  [{ streams: { standaloneRetry: 0 } }, 'streams.standaloneRetry', /milliseconds/],
  [{ streams: { keepAlive: false } }, 'streams.keepAlive', /number or string/],
  [{ streams: { maxBuffered: '1kb' } }, 'streams.maxBuffered', /integer/],
  [{ streams: { streamAfter: 1 } }, 'streams.streamAfter', /no such option$/],
  [{ live: 7 }, 'live', /object/],
  [{ live: { max: '1000' } }, 'live.max', /integer/],
  [{ live: { idle: '' } }, 'live.idle', /milliseconds/],
  [{ live: { startTimeout: [] } }, 'live.startTimeout', /number or string/],
  [{ heartbeat: '5 s' }, 'heartbeat', /milliseconds/],
  [{ shutdown: null }, 'shutdown', /object/],
  [{ shutdown: { delay: 'x' } }, 'shutdown.delay', /milliseconds/],
  [{ admin: true }, 'admin', /object/],
  [{ admin: {} }, 'admin', /authorize/],
  [{ admin: { path: '/x' } }, 'admin', /authorize/],
  [{ admin: { authorize: true } }, 'admin.authorize', /function/],
  [{ admin: { authorize: resolve, path: 'sessions' } }, 'admin.path', /pattern|match/],
  [{ admin: { authorize: resolve, path: '/sessions/' } }, 'admin.path', /pattern|match/],
  [{ admin: { authorize: resolve, path: '/:any/*' } }, 'admin.path', /pattern|match/],
  [{ admin: { authorize: resolve, restoreLimit: 0 } }, 'admin.restoreLimit', /1/],
  [{ admin: { authorize: resolve, roles: [] } }, 'admin.roles', /no such option/],
  [{ metrics: true }, 'metrics', /object/],
  [{ metrics: {} }, 'metrics', /registry/],
  [{ metrics: { path: 'metrics' } }, 'metrics.path', /pattern|match/],
  [{ metrics: { path: '/metrics/' } }, 'metrics.path', /pattern|match/],
  [{ metrics: { registry: {} } }, 'metrics.registry', /prom-client/],
  [{ metrics: { registry: null } }, 'metrics.registry', /prom-client/],
  [{ metrics: { prefix: 'x' } }, 'metrics.prefix', /no such option/],
  [{ health: 'health' }, 'health', /\^\//],
  [{ health: '/health/' }, 'health', /\^\//],
  [{ health: true }, 'health', /string/],
  [{ shutdown: { timeout: 'x' } }, 'shutdown.timeout', /milliseconds/],
  [{ streams: { keepAlive: '30d' } }, 'streams.keepAlive', /at most 24 days/],
  [{ keys: undefined }, 'keys', /no value.*environment/],
  [{ keys: null }, 'keys', /keyring/i],
  [{ bodyLimit: 0 }, 'bodyLimit', /1/],
  [{ allowedHosts: 'example.com' }, 'allowedHosts', /array/],
  [{ allowedHosts: [7] }, 'allowedHosts.0', /string/],
  [{ allowedOrigins: '*' }, 'allowedOrigins', /array/],
  [{ modern: 'yes' }, 'modern', /"refuse", "auto"/],
  [{ modern: true }, 'modern', /"refuse", "auto" or an object/],
  [{ modern: null }, 'modern', /"refuse", "auto" or an object/],
  [{ legacy: false }, 'legacy', /one of sessions, off/],
  [{ modern: { server: 'v2' } }, 'modern.server', /bridge/],
  [{ modern: { per: 'user' } }, 'modern.per', /replica/],
  [{ modern: { parkTimeout: '30d' } }, 'modern.parkTimeout', /at most 24 days/],
  [{ modern: { maxParked: 0 } }, 'modern.maxParked', /1/],
  [{ modern: { maxCalls: 0 } }, 'modern.maxCalls', /1/],
  [{ modern: { cache: 5 } }, 'modern.cache', /object/],
  [{ modern: { cache: { 'tools/call': {} } } }, 'modern.cache.tools/call', /cannot be kept/],
  [{ modern: { cache: { 'tools/list': { ttl: 'x' } } } }, 'modern.cache.tools/list.ttl', /milliseconds/],
  [{ modern: { server: resolve, requestState: { once: true } } }, 'modern.requestState.once', /reject/],
  [{ modern: { server: resolve, requestState: { tll: 1 } } }, 'modern.requestState.tll', /no such option/],
  [{ modern: { fallback: 'sdk2' } }, 'modern.fallback', /sdk/],
  [{ modern: { session: {} } }, 'modern.session', /no such option/],
  [{ modern: { requestState: {} } }, 'modern.requestState', /must be a function/],
  [{ modern: { fallback: 'sdk' } }, 'modern.fallback', /must be a function/],
  [{ modern: { server: resolve, parkTimeout: '1m' } }, 'modern.parkTimeout', /must be "bridge"/],
  [{ modern: { server: resolve, maxParked: 1 } }, 'modern.maxParked', /must be "bridge"/],
  [{ modern: { server: resolve, per: 'replica' } }, 'modern.per', /a function/],
  [{ modern: { per: resolve } }, 'modern.per', /"principal" or "replica"/],
  [
    { modern: { server: resolve, requestState: { once: 'reject' } }, encryption: 'none' },
    'modern.requestState', /need keys/
  ],
  [{ legacy: 'on' }, 'legacy', /off/],
  [{ legacy: 'off' }, 'legacy', /nobody would be served/],
  [{ legacy: 'off', modern: 'refuse' }, 'legacy', /nobody would be served/],
  // The flat names of before the first release.
  [{ streamAfter: '1s' }, 'streamAfter', /it is streams\.after now$/],
  [{ retry: '1s' }, 'retry', /it is streams\.retry now$/],
  [{ standaloneRetry: '1s' }, 'standaloneRetry', /it is streams\.standaloneRetry now$/],
  [{ keepAlive: '1s' }, 'keepAlive', /it is streams\.keepAlive now$/],
  [{ maxBuffered: 1 }, 'maxBuffered', /it is streams\.maxBuffered now$/],
  [{ dormantAfter: '1m' }, 'dormantAfter', /it is live\.idle now$/],
  [{ factoryTimeout: '1s' }, 'factoryTimeout', /it is live\.startTimeout now$/],
  [{ limits: { maxLive: 1 } }, 'limits.maxLive', /it is live\.max now$/],
  [{ drainDelay: '1s' }, 'drainDelay', /it is shutdown\.delay now$/],
  [{ drainTimeout: '1s' }, 'drainTimeout', /it is shutdown\.timeout now$/],
  [{ drainTimeout: 'never', live: { max: 1 } }, 'drainTimeout', /it is shutdown\.timeout now$/]
]

async function starting (options: unknown): Promise<any> {
  const app = Fastify()
  try {
    await app.register(holdfast, options as HoldfastOptions)
    return undefined
  } catch (error) {
    return error
  } finally {
    await app.close()
  }
}

for (const [options, path, reason] of INVALID) {
  t.test(`does not start: ${JSON.stringify(options)}`, async t => {
    const error = await starting({ createServer, ...(options as object) })
    t.match(error, { name: 'InvalidOptionError', code: 'HOLDFAST_INVALID_OPTION', path, message: reason })
    t.ok(error?.message.startsWith(`${path}: `), error?.message)
  })
}

t.test('does not start without a factory', async t => {
  t.match(await starting({}), { path: 'options', message: /createServer/ })
})

t.test('a value that is refused is not printed', async t => {
  const error = await starting({ createServer, ttl: { idle: 'hunter2' }, namespace: { secret: 'hunter2' } })
  t.notMatch(error.message, 'hunter2')
})

t.test('starts with every option set, and with undefined for the default of all but keys', async t => {
  const everything: HoldfastOptions = {
    createServer,
    backend: memory(),
    keys: generateKey(),
    encryption: undefined as never,
    snapshot: {
      read: () => undefined,
      write: async stream => { await stream.toArray() },
      every: '1s',
      mayRevive: true
    },
    health: '/health',
    metrics: { registry: new Registry(), path: '/metrics' },
    admin: { authorize: () => true, path: '/admin/sessions', restoreLimit: 1 },
    namespace: 'ns',
    path: '/x',
    principal: () => null,
    anonymous: true,
    authInfo: () => undefined,
    context: { schema: { type: 'object' }, resolve, renew: resolve, renewEvery: '1m' },
    onEnd: () => {},
    modern: { maxCalls: 1, cache: {} },
    legacy: 'off',
    ttl: { idle: 1, absolute: '7d' },
    limits: {
      maxSessions: 1,
      maxPerOwner: 1,
      maxStateBytes: 1,
      maxCalls: 1,
      maxOpenStreams: 1,
      maxSubscriptions: 1,
      evict: 'idle'
    },
    thresholds: { latency: '1s', errorRate: 1, interval: '1m' },
    responseMode: 'sse',
    streams: { after: '1ms', retry: 1, standaloneRetry: 1, keepAlive: '1s', maxBuffered: 1 },
    live: { max: 1, idle: '1m', startTimeout: '1h' },
    shutdown: { delay: 1, timeout: 1 },
    stallTimeout: 1,
    bodyTimeout: 1,
    callTimeout: 1,
    heartbeat: '1s',
    bodyLimit: 1,
    allowedHosts: [],
    allowedOrigins: []
  }
  t.strictSame(Object.keys(everything).sort(), Object.keys(OptionsSchema.properties).sort())
  t.equal(await starting(everything), undefined)
  const others = Object.keys(OptionsSchema.properties).filter(name => name !== 'keys')
  const nothing = Object.fromEntries(others.map(name => [name, undefined]))
  t.equal(await starting({ ...nothing, createServer }), undefined)
  t.equal(await starting({ createServer, prefix: '/x', logLevel: 'warn' }), undefined, 'what Fastify itself takes')
})

t.test('the options that were passed are left as they were', async t => {
  const options = Object.freeze({
    createServer,
    ttl: Object.freeze({}),
    limits: Object.freeze({}),
    live: Object.freeze({}),
    modern: Object.freeze({ server: () => createServer, requestState: Object.freeze({}) }),
    admin: Object.freeze({ authorize })
  })
  t.equal(await starting(options), undefined)
  t.match(Object.keys(options.modern), ['server', 'requestState'])
  t.strictSame({ ...options, modern: options.modern.requestState }, {
    createServer, ttl: {}, limits: {}, live: {}, modern: {}, admin: { authorize }
  })
})

t.test('one app has the plugin once', async t => {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await app.register(holdfast, { createServer })
  await t.rejects(
    async () => await app.register(holdfast, { createServer, path: '/other' }),
    { code: 'FST_ERR_DEC_ALREADY_PRESENT' }
  )
})
