import type { Backend } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import { type RedisOptions, redis } from '@holdfast/redis'
import { given } from './given.js'

export interface RedisSettings {
  /** One server, or nodes of a Cluster, or Sentinels. */
  redisUrl?: string[]
  /** What the Sentinels call the master that they watch. */
  redisMaster?: string
  redisPrefix?: string
  replicated?: number
  durability?: 'warn' | 'strict'
}

type CreateBackend = (settings: RedisSettings, onWarning: (warning: Error) => void) => Backend

/** What `HOLDFAST_BACKEND` can name. */
export const BACKENDS = {
  memory: () => memory(),
  redis: ({ redisUrl = [], redisMaster, redisPrefix: prefix, replicated, durability }, onWarning) =>
    redis({ onWarning, ...place(redisUrl, redisMaster), ...given({ prefix, replicated, durability }) })
} satisfies Record<string, CreateBackend>

function place (urls: string[], master: string | undefined): RedisOptions {
  if (master !== undefined) return { connection: behindSentinels(urls.map(url => new URL(url)), master) }
  const [only = '', ...others] = urls
  return { url: others.length === 0 ? only : urls }
}

/** User, password and TLS are those of the servers, and come with the first URL. */
function behindSentinels (urls: URL[], name: string): NonNullable<RedisOptions['connection']> {
  const sentinels = urls.map(({ hostname, port }) => ({ host: hostname, port: Number(port || 26_379) }))
  const { username, password, protocol } = urls[0] as URL
  return {
    sentinels,
    name,
    ...username && { username: decodeURIComponent(username) },
    ...password && { password: decodeURIComponent(password) },
    ...protocol === 'rediss:' && { tls: {} }
  }
}

export type BackendName = keyof typeof BACKENDS
