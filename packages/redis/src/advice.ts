import type { Redis } from 'ioredis'
import { type Client, masters } from './client.js'

/** What makes a Redis unfit to keep sessions, by the code of the advice. The README lists the same table. */
export const REDIS_ADVICE = {
  REDIS_EVICTS: 'maxmemory-policy is not noeviction: ' +
    'when its memory is full, this Redis deletes sessions that are in use, without a word.',
  REDIS_NOT_PERSISTENT:
    'appendonly is off: when this Redis crashes, it loses the sessions since its last snapshot, or all of them.',
  REDIS_PLAINTEXT: 'The connection leaves this machine without TLS.',
  REDIS_TOO_OLD: 'This Redis is older than 6.2.',
  REDIS_UNCHECKED: 'The user may not run INFO, so memory policy, persistence and version of this Redis are unknown.'
} as const

/** A key of {@link REDIS_ADVICE}. */
export type RedisAdviceCode = keyof typeof REDIS_ADVICE

/** Given to `onWarning` once per code. */
export class RedisAdvice extends Error {
  override readonly name = 'RedisAdvice'
  constructor (readonly code: RedisAdviceCode) {
    super(REDIS_ADVICE[code])
  }
}

/** What is unsafe about the server, or the masters of the Cluster, that a client is connected to. */
export async function examine (client: Client): Promise<RedisAdviceCode[]> {
  return [...new Set((await Promise.all(masters(client).map(examineNode))).flat())]
}

async function examineNode (node: Redis): Promise<RedisAdviceCode[]> {
  const found: RedisAdviceCode[] = isExposed(node) ? ['REDIS_PLAINTEXT'] : []
  let info
  try {
    info = await node.info()
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('NOPERM')) return [...found, 'REDIS_UNCHECKED']
    throw error
  }
  if (field(info, 'maxmemory_policy') !== 'noeviction') found.push('REDIS_EVICTS')
  if (field(info, 'aof_enabled') !== '1') found.push('REDIS_NOT_PERSISTENT')
  const version = field(info, 'valkey_version') ?? field(info, 'redis_version') ?? ''
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < 6 || (major === 6 && minor < 2)) found.push('REDIS_TOO_OLD')
  return found
}

function field (info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]
}

function isExposed ({ options: { path, tls, host = 'localhost', sentinels } }: Redis): boolean {
  const hosts = sentinels?.map((sentinel) => sentinel.host ?? 'localhost') ?? [host]
  return !path && !tls && !hosts.every((name) => /^(localhost|127\.[\d.]+|::1)$/.test(name))
}
