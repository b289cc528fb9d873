import type { Redis } from 'ioredis'
import { type Client, masters } from './client.js'
import type { RedisRiskCode } from './risks.js'

/** The risks of the server, or of all masters of the Cluster, that a client is connected to. */
export async function examine (client: Client): Promise<RedisRiskCode[]> {
  return [...new Set((await Promise.all(masters(client).map(examineNode))).flat())]
}

async function examineNode (node: Redis): Promise<RedisRiskCode[]> {
  const found: RedisRiskCode[] = isExposed(node) ? ['REDIS_PLAINTEXT'] : []
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
