import type { Codec } from '@holdfast/core'
import { REDIS_RISKS, type RedisBackend, type RedisRiskCode } from '@holdfast/redis'
import { examineClock } from './clock-check.js'
import { reasons } from './failure.js'
import { type Finding, failed, ok, warning } from './finding.js'
import { examineStored } from './stored-check.js'

/** The checks of Redis: the risk that fails each, and the message when there is no such risk. */
const CHECKS: ReadonlyArray<[check: string, risk: RedisRiskCode, fine: string]> = [
  ['redis policy', 'REDIS_EVICTS', 'noeviction: when memory is full, Redis refuses writes and deletes nothing'],
  ['redis persistence', 'REDIS_NOT_PERSISTENT', 'appendonly is on'],
  ['redis tls', 'REDIS_PLAINTEXT', 'the connection uses TLS, or stays on this machine'],
  ['redis version', 'REDIS_TOO_OLD', '6.2 or later']
]

/** Checks Redis and, if there are keys, whether they open the stored sessions. Closes the backend. */
export async function examineRedis (
  backend: RedisBackend,
  namespace: string,
  codec: Codec | undefined
): Promise<Finding[]> {
  try {
    return await examineBackend(backend, namespace, codec)
  } finally {
    await backend.close()
  }
}

async function examineBackend (backend: RedisBackend, namespace: string, codec: Codec | undefined): Promise<Finding[]> {
  try {
    const { risks, clockAhead } = await backend.examine()
    const stored = codec === undefined ? [] : await examineStored(backend, codec, namespace)
    return [...CHECKS.map(check => judge(check, risks)), examineClock('Redis', clockAhead, 'failed'), ...stored]
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
