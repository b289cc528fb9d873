// Compiled, never run: what a user may write against the public API, and what the compiler must refuse.
import type { Backend, Duration } from '@holdfast/core'
import {
  type Examination, REDIS_ERRORS, REDIS_RISKS, RedisError, type RedisErrorCode, RedisRisk, type RedisRiskCode,
  type RedisBackend, type RedisOptions, redis
} from '@holdfast/redis'
import { Cluster, Redis } from 'ioredis'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
function expectType<Expected> () {
  return <const Actual>(_: Actual, ..._same: Equal<Expected, Actual> extends true ? [] : [never]): void => {}
}

declare const duration: Duration
declare const error: RedisError
declare const risk: RedisRisk

// Which Redis
export const backends: RedisBackend[] = [
  redis({ url: 'redis://127.0.0.1' }),
  redis({ url: ['redis://127.0.0.1:1', 'redis://127.0.0.1:2'] as const, connection: { tls: {} } }),
  redis({ url: process.env.REDIS_URL }),
  redis({ url: undefined }),
  redis({ client: new Redis() }),
  redis({ client: new Cluster([]) }),
  redis({ connection: { sentinels: [{ host: 'sentinel', port: 26379 }], name: 'main' } })
]
// @ts-expect-error a URL is a string, or several
export const numbered: RedisOptions = { url: 6379 }
// @ts-expect-error an absent client is left out
export const absentClient: RedisOptions = { client: undefined }
// @ts-expect-error absent connection options are left out
export const absentConnection: RedisOptions = { connection: undefined }
// @ts-expect-error there is no such option
export const unknown: RedisOptions = { url: 'redis://127.0.0.1', host: '127.0.0.1' }

// Time spans
export const spans: RedisOptions[] = [
  { commandTimeout: 500 }, { commandTimeout: '500ms' }, { commandTimeout: '2s' }, { commandTimeout: duration }
]
// @ts-expect-error a time span is a number or a text
export const dated: RedisOptions = { commandTimeout: new Date() }

// The rest
export const complete: RedisOptions = {
  url: 'redis://127.0.0.1',
  prefix: 'app:',
  durability: 'strict',
  replicated: 1,
  maxEntries: 1,
  maxStreamBytes: 1,
  maxStreams: 1,
  maxTombstones: 1,
  onWarning: (warning) => { expectType<Error>()(warning) },
  ownerTag: (owner) => owner.slice(0, 12)
}
// @ts-expect-error there is no such durability
export const lax: RedisOptions = { durability: 'none' }

// The backend
const backend: RedisBackend = redis(complete)
export const plain: Backend = backend
expectType<Promise<{ latency: number }>>()(backend.health())
expectType<Promise<Examination>>()(backend.examine())
void backend.examine().then(({ risks, clockAhead }) => {
  expectType<RedisRiskCode[]>()(risks)
  expectType<number>()(clockAhead)
})

// Errors and risks
expectType<RedisErrorCode>()(error.code)
expectType<boolean>()(error.retryable)
expectType<boolean>()(error.outage)
expectType<string>()(REDIS_ERRORS[error.code].message.slice())
expectType<RedisRiskCode>()(risk.code)
expectType<string>()(REDIS_RISKS[risk.code].slice())
// @ts-expect-error there is no such code
export const noError = new RedisError('REDIS_ODD')
// @ts-expect-error there is no such risk
export const noRisk = new RedisRisk('REDIS_ODD')
