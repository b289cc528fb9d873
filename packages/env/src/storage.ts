import type { MemoryOptions } from '@holdfast/memory'
import type { RedisOptions } from '@holdfast/redis'

/** Where sessions live. Times are milliseconds. */
export interface Storage {
  backend?: 'memory' | 'redis'
  memory?: MemoryOptions
  redis?: RedisOptions
  /** What `memory` and `redis` both have. */
  bounds?: Pick<RedisOptions, 'maxEntries' | 'maxStreamBytes' | 'maxStreams' | 'maxTombstones'>
  /** Serves new sessions while Redis is away. */
  fallback?: { to: 'memory', probe?: number }
  /** A second Redis that gets everything. */
  copy?: Pick<RedisOptions, 'url' | 'master' | 'prefix'>
}
