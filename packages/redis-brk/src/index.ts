export { REDIS_ADVICE, RedisAdvice, type RedisAdviceCode } from './advice.js'
export { REDIS_ERRORS, RedisError, type RedisErrorCode } from './errors.js'
export { type Examination, redis, type RedisBackend } from './redis.js'
export type { RedisOptions } from './options.js'
