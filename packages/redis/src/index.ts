export { REDIS_ERRORS, RedisError, type RedisErrorCode } from './errors.js'
export { type Examination, redis, type RedisBackend } from './redis.js'
export type { RedisOptions } from './options.js'
export { REDIS_RISKS, RedisRisk, type RedisRiskCode } from './risks.js'
