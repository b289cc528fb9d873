import type { Backend } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import { redis } from '@holdfast/redis'
import { sqlite } from '@holdfast/sqlite'

/** Where the backends that are compared keep their records, by what the figures call it. */
export const places = {
  'in memory': () => memory({ maxBytes: Infinity }),
  'in a file': path => sqlite({ path }),
  'in a file that others write': path => sqlite({ path }),
  'in a file, not synced': path => sqlite({ path, durability: 'process' }),
  'in Redis': url => redis({ url, commandTimeout: 30_000 }),
  'in Redis, always synced': url => redis({ url, commandTimeout: 30_000 })
} satisfies Record<string, (at: string) => Backend>

export type PlaceName = keyof typeof places
