import type { Backend } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import { redis } from '@holdfast/redis'
import { given } from './given.js'

export interface RedisSettings {
  redisUrl?: string
  redisPrefix?: string
  durability?: 'warn' | 'strict'
}

type CreateBackend = (settings: RedisSettings, onWarning: (warning: Error) => void) => Backend

/** What `HOLDFAST_BACKEND` can name. */
export const BACKENDS = {
  memory: () => memory(),
  redis: ({ redisUrl: url, redisPrefix: prefix, durability }, onWarning) => redis({ onWarning, ...given({ url, prefix, durability }) })
} satisfies Record<string, CreateBackend>

export type BackendName = keyof typeof BACKENDS
