import Type from 'typebox'
import { type Duration, LONGEST_TIMER, isObject, milliseconds } from '@holdfast/core'
import type {
  AdminOptions, ContextOptions, HoldfastOptions, MetricsOptions, ResolveAuthInfo, ResolvePrincipal
} from './options.js'

const strict = { additionalProperties: false }
const group = { ...strict, default: {} }

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

function refined<T> (isValid: (value: unknown) => boolean, expected: string, schema = {}): Type.TUnsafe<T> {
  return Type.Refine(Type.Unsafe<T>(schema), isValid, () => `expected ${expected}`) as unknown as Type.TUnsafe<T>
}

function callable<T> (): Type.TUnsafe<T> {
  return refined<T>(value => typeof value === 'function', 'a function')
}

function duration (fallback: string | undefined, longest = LONGEST_TIMER): Type.TOptional<Type.TUnsafe<Duration>> {
  const expected = 'milliseconds, or a duration such as "30s", "15m", "24h"'
  const isValid = (value: unknown): boolean => isDuration(value, longest)
  return Type.Optional(refined<Duration>(isValid, longest === Infinity ? expected : `${expected}; at most 24 days`, {
    type: ['number', 'string'], ...(fallback !== undefined && { default: fallback })
  }))
}

function isDuration (value: unknown, longest: number): boolean {
  try {
    return milliseconds(value as Duration, '') <= longest
  } catch {
    return false
  }
}

function amount (fallback: number): Type.TOptional<Type.TInteger> {
  return Type.Optional(Type.Integer({ minimum: 1, default: fallback }))
}

function choice<const T extends string> (values: T[], fallback: T): Type.TOptional<Type.TUnsafe<T>> {
  return Type.Optional(Type.Unsafe<T>({ type: 'string', enum: values, default: fallback }))
}

function isSnapshotStore (value: unknown): boolean {
  if (!isObject(value) || typeof value.read !== 'function' || typeof value.write !== 'function') return false
  return value.every === undefined || isDuration(value.every, LONGEST_TIMER)
}
