import type { MemoryOptions } from '@holdfast/memory'
import type { RedisOptions } from '@holdfast/redis'
import type { SqliteOptions } from '@holdfast/sqlite'

/** Where sessions live. Times are milliseconds. */
export interface Storage {
  backend?: 'memory' | 'redis' | 'sqlite'
  memory?: MemoryOptions
  redis?: RedisOptions
  sqlite?: SqliteOptions
  /** What every backend has. */
  bounds?: Pick<RedisOptions, 'maxEntries' | 'maxStreamBytes' | 'maxStreams' | 'maxTombstones'>
  /** Serves new sessions while Redis is away. */
  fallback?: { to: 'memory', probe?: number }
  /** A second place, in Redis, that gets everything. */
  copy?: Pick<RedisOptions, 'url' | 'master' | 'prefix'>
}
