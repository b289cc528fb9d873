import type { Codec } from '@holdfast/core'
import { REDIS_RISKS, type RedisBackend, type RedisRiskCode } from '@holdfast/redis'
import { type Place, connect, sessionsOf } from './connection.js'
import { reasons } from './failure.js'
import { type Finding, failed, ok, warning } from './finding.js'
import type { Io } from './io.js'

/** The checks of Redis: the risk that fails each, and the message when there is no such risk. */
const CHECKS: ReadonlyArray<[check: string, risk: RedisRiskCode, fine: string]> = [
  ['redis policy', 'REDIS_EVICTS', 'noeviction: when memory is full, Redis refuses writes and deletes nothing'],
  ['redis persistence', 'REDIS_NOT_PERSISTENT', 'appendonly is on'],
  ['redis tls', 'REDIS_PLAINTEXT', 'the connection uses TLS, or stays on this machine'],
  ['redis version', 'REDIS_TOO_OLD', '6.2 or later']
]

/** Milliseconds by which the two clocks may differ. Beyond this, a snapshot may seem to come from the future. */
const MAX_SKEW = 5_000
/** Sessions that are opened to check whether the keys fit. */
const SAMPLE = 100

/** Checks Redis and, if there are keys, whether they open the stored sessions. */
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
    const { risks, clockAhead } = await backend.examine()
    const stored = codec === undefined ? [] : [await examineStored(backend, codec, namespace)]
    return [...CHECKS.map(check => judge(check, risks)), clock(clockAhead), ...stored]
  } catch (error) {
    return [failed('redis', reasons(error))]
  }
}

function judge ([check, risk, fine]: typeof CHECKS[number], risks: readonly RedisRiskCode[]): Finding {
  if (risks.includes(risk)) return failed(check, REDIS_RISKS[risk])
  // TLS is seen without INFO.
  const unseen = risk !== 'REDIS_PLAINTEXT' && risks.includes('REDIS_UNCHECKED')
  return unseen ? warning(check, REDIS_RISKS.REDIS_UNCHECKED) : ok(check, fine)
}

function clock (ahead: number): Finding {
  const side = ahead < 0 ? 'behind' : 'ahead of'
  const message = `the clock of Redis is ${Math.abs(Math.round(ahead))} ms ${side} the clock of this machine`
  return Math.abs(ahead) > MAX_SKEW ? failed('clock', message) : ok('clock', message)
}

async function examineStored (backend: RedisBackend, codec: Codec, namespace: string): Promise<Finding> {
  let [looked, opened] = [0, 0]
  for await (const { state } of sessionsOf(backend, codec, namespace).each()) {
    looked++
    if (state !== undefined) opened++
    if (looked === SAMPLE) break
  }
  if (looked === 0) return ok('sessions', 'there are no sessions')
  const message = `${opened} of ${looked} checked sessions open with these keys and this namespace`
  return opened === looked ? ok('sessions', message) : failed('sessions', message)
}
