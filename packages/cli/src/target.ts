import { UsageError } from './failure.js'
import type { Io } from './io.js'
import { type Address, type Place, prefixOf } from './place.js'
import { redisPlace } from './redis-place.js'

/** The options of the target of a migration. */
export interface Target extends Place {
  toMaster?: string
  toPrefix?: string
}

/**
 * The address of the target of a migration.
 *
 * @param target `sqlite:<path>`, or URLs of a Redis
 * @throws UsageError whose message does not show the target: it may contain a password
 */
export function targetOf (io: Io, target: string | undefined, place: Target): Address {
  const { REDIS_TARGET_URL: variable = '' } = io.env
  const text = target ?? variable
  const { toMaster: master, toPrefix } = place
  if (text === '') {
    throw new UsageError('No target is given. Give sqlite:<path> or the URL of a Redis, or set REDIS_TARGET_URL.')
  }
  const [, file] = /^sqlite:(?!\/\/[^/])(.+)$/.exec(text) ?? []
  if (file !== undefined && target !== undefined) {
    if (master !== undefined || toPrefix !== undefined) {
      throw new UsageError('--to-master and --to-prefix are for Redis only.')
    }
    return { file }
  }
  const name = target === undefined ? 'REDIS_TARGET_URL' : 'target'
  if (target !== undefined && !/^rediss?:/.test(text)) {
    throw new UsageError('target: expected sqlite:<path>, redis://host:port, or rediss:// for TLS.')
  }
  redisPlace(text, master, name)
  return { urls: text, name, master, prefix: toPrefix ?? prefixOf(io, place) }
}
