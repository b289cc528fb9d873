/** Why a Redis is not safe for sessions, by code. The README lists the same table. */
export const REDIS_RISKS = {
  REDIS_EVICTS:
    'The maxmemory-policy is not noeviction: when its memory is full, this Redis silently deletes sessions in use.',
  REDIS_NOT_PERSISTENT:
    'appendonly is off: when this Redis crashes, it loses the sessions since its last RDB snapshot, or all sessions.',
  REDIS_PLAINTEXT: 'The connection leaves this machine without TLS.',
  REDIS_TOO_OLD: 'This Redis is older than 6.2.',
  REDIS_UNCHECKED:
    'The user may not run INFO, so the memory policy, the persistence and the version of this Redis are unknown.'
} as const

/** A key of {@link REDIS_RISKS}. */
export type RedisRiskCode = keyof typeof REDIS_RISKS

/** The warning about one risk. `onWarning` gets it once per code. */
export class RedisRisk extends Error {
  override readonly name = 'RedisRisk'
  constructor (readonly code: RedisRiskCode) {
    super(REDIS_RISKS[code])
  }
}
