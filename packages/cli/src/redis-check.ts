import type { Codec } from '@holdfast/core'
import { type Examination, REDIS_ADVICE, type RedisAdviceCode, type RedisBackend } from '@holdfast/redis'
import { type Place, connect, sessionsOf } from './connection.js'
import { reasons } from './failure.js'
import { type Finding, failed, ok, warning } from './finding.js'
import type { Io } from './io.js'

/** What is looked at: the advice that speaks against it, and what there is to say otherwise. */
const CHECKS: ReadonlyArray<[check: string, advice: RedisAdviceCode, fine: string]> = [
  ['redis policy', 'REDIS_EVICTS', 'noeviction: what does not fit is refused, and nothing is deleted'],
  ['redis persistence', 'REDIS_NOT_PERSISTENT', 'appendonly is on'],
  ['redis tls', 'REDIS_PLAINTEXT', 'TLS, or on this machine'],
  ['redis version', 'REDIS_TOO_OLD', '6.2 or later']
]

/** Milliseconds between this clock and that of Redis from which on a snapshot seems to come from the future. */
const SKEW = 5_000
/** Sessions that are opened to see whether the keys fit. */
const SAMPLE = 100

/** Looks at the Redis and, with keys, at whether they open what is stored there. */
export async function examineRedis (io: Io, place: Place, codec: Codec | undefined): Promise<Finding[]> {
  const backend = connect(io, place)
  try {
    return await examineBackend(backend, place.namespace, codec)
  } finally {
    await backend.close()
  }
}

async function examineBackend (backend: RedisBackend, namespace: string, codec: Codec | undefined): Promise<Finding[]> {
  try {
    const { advice, clockAhead } = await backend.examine()
    const stored = codec === undefined ? [] : [await examineStored(backend, codec, namespace)]
    return [...CHECKS.map(check => judge(check, advice)), clock(clockAhead), ...stored]
  } catch (error) {
    return [failed('redis', reasons(error))]
  }
}

function judge ([check, code, fine]: typeof CHECKS[number], advice: Examination['advice']): Finding {
  if (advice.includes(code)) return failed(check, REDIS_ADVICE[code])
  // TLS is seen without INFO.
  const unseen = code !== 'REDIS_PLAINTEXT' && advice.includes('REDIS_UNCHECKED')
  return unseen ? warning(check, REDIS_ADVICE.REDIS_UNCHECKED) : ok(check, fine)
}

function clock (ahead: number): Finding {
  const says = `that of Redis is ${Math.abs(Math.round(ahead))} ms ${ahead < 0 ? 'behind' : 'ahead of'} this one`
  return Math.abs(ahead) > SKEW ? failed('clock', says) : ok('clock', says)
}

async function examineStored (backend: RedisBackend, codec: Codec, namespace: string): Promise<Finding> {
  const { sessions } = await sessionsOf(backend, codec, namespace).list({ limit: SAMPLE })
  if (sessions.length === 0) return ok('sessions', 'there are none')
  const opened = sessions.filter(({ state }) => state !== undefined).length
  const says = `${opened} of ${sessions.length} that were looked at open with these keys and this namespace`
  return opened === sessions.length ? ok('sessions', says) : failed('sessions', says)
}
