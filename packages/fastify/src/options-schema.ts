import Type from 'typebox'
import { LONGEST_TIMER, isObject } from '@holdfast/core'
import { ModernSchema } from './eras/modern-schema.js'
import type {
  AdminOptions, ContextOptions, HoldfastOptions, MetricsOptions, ResolveAuthInfo, ResolvePrincipal
} from './options.js'
import { amount, callable, choice, choiceOf, duration, group, isDuration, refined, strict } from './schema-parts.js'

/** Every option: its type, its default and its check. {@link HoldfastOptions} says what each is for. */
export const OptionsSchema = Type.Object({
  createServer: callable<HoldfastOptions['createServer']>(),
  backend: Type.Optional(refined<NonNullable<HoldfastOptions['backend']>>(
    value => isObject(value) && isObject(value.records), 'a backend, such as memory()'
  )),
  keys: Type.Optional(refined<HoldfastOptions['keys']>(
    value => typeof value === 'string' || (typeof value === 'object' && value !== null),
    'keys: a string, a list, a KMS provider or a Keyring'
  )),
  encryption: Type.Optional(Type.Unsafe<'none'>({ type: 'string', enum: ['none'] })),
  snapshot: Type.Optional(refined<NonNullable<HoldfastOptions['snapshot']>>(
    isSnapshotStore, 'a snapshot store, such as file(path), whose `every`, if set, is from 1 ms to 24 days'
  )),
  health: Type.Optional(Type.String({ pattern: '^/.*[^/]$' })),
  admin: Type.Optional(Type.Object({
    authorize: callable<AdminOptions['authorize']>(),
    path: Type.Optional(Type.String({ pattern: '^(/[\\w.~-]+)+$', default: '/mcp-sessions' })),
    restoreLimit: amount(1_073_741_824)
  }, strict)),
  metrics: Type.Optional(Type.Object({
    registry: Type.Optional(refined<NonNullable<MetricsOptions['registry']>>(
      value => typeof (value as MetricsOptions['registry'] | null)?.getSingleMetric === 'function',
      'a registry of prom-client'
    )),
    path: Type.Optional(Type.String({ pattern: '^(/[\\w.~-]+)+$' }))
  }, strict)),
  namespace: Type.Optional(Type.String({ minLength: 1, maxLength: 64, default: 'mcp' })),
  path: Type.Optional(Type.String({ pattern: '^/', default: '/mcp' })),
  principal: Type.Optional(callable<ResolvePrincipal>()),
  anonymous: Type.Optional(Type.Boolean({ default: false })),
  authInfo: Type.Optional(callable<ResolveAuthInfo>()),
  context: Type.Optional(Type.Object({
    schema: Type.Optional(Type.Unsafe<Type.TSchema>({ type: 'object' })),
    resolve: callable<ContextOptions['resolve']>(),
    renew: Type.Optional(callable<NonNullable<ContextOptions['renew']>>()),
    renewEvery: duration('5m')
  }, strict)),
  onEnd: Type.Optional(callable<NonNullable<HoldfastOptions['onEnd']>>()),
  modern: Type.Optional(Type.Union([choiceOf(['refuse', 'auto']), ModernSchema], { default: 'refuse' })),
  legacy: choice(['sessions', 'off'], 'sessions'),
  ttl: Type.Optional(Type.Object({
    idle: duration('30m', Infinity),
    absolute: duration('7d', Infinity)
  }, group)),
  limits: Type.Optional(Type.Object({
    maxSessions: amount(100_000),
    maxPerOwner: amount(1_000),
    maxStateBytes: amount(262_144),
    maxCalls: amount(100),
    maxOpenStreams: amount(16),
    maxSubscriptions: amount(1_000),
    evict: choice(['idle', 'none'], 'none')
  }, group)),
  thresholds: Type.Optional(Type.Object({
    latency: duration('250ms'),
    errorRate: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1, default: 0.05 })),
    interval: duration('10s')
  }, group)),
  responseMode: choice(['auto', 'json', 'sse'], 'auto'),
  streams: Type.Optional(Type.Object({
    after: duration('500ms'),
    retry: duration('1s'),
    standaloneRetry: duration('5s'),
    keepAlive: duration('15s'),
    maxBuffered: amount(262_144)
  }, group)),
  live: Type.Optional(Type.Object({
    max: amount(1_000),
    idle: duration('60s'),
    startTimeout: duration('10s')
  }, group)),
  shutdown: Type.Optional(Type.Object({
    delay: duration(undefined),
    timeout: duration('10s')
  }, group)),
  stallTimeout: duration('30s'),
  bodyTimeout: duration('30s'),
  callTimeout: duration('1h'),
  heartbeat: duration('5s'),
  bodyLimit: amount(4_194_304),
  allowedHosts: Type.Optional(Type.Array(Type.String())),
  allowedOrigins: Type.Optional(Type.Array(Type.String()))
}, strict)

function isSnapshotStore (value: unknown): boolean {
  if (!isObject(value) || typeof value.read !== 'function' || typeof value.write !== 'function') return false
  return value.every === undefined || isDuration(value.every, LONGEST_TIMER)
}
