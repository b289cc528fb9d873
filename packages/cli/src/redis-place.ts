import type { RedisOptions } from '@holdfast/redis'
import { UsageError } from './failure.js'

/**
 * The options of `redis()` for one server, for nodes of a Cluster, or for Sentinels.
 *
 * @param urls separated by commas
 * @param master the name of the master that the Sentinels watch
 * @param name the option or variable that the URLs come from, for the error
 * @throws UsageError whose message does not show the URLs: they may contain a password
 */
export function redisPlace (
  urls: string, master: string | undefined, name: string
): Pick<RedisOptions, 'url' | 'master'> {
  const all = urls.split(',')
  if (!all.every(isRedisUrl)) {
    throw new UsageError(
      `${name}: expected redis://host:port, or rediss:// for TLS. ` +
      'Separate several URLs, of a Cluster or of Sentinels, with commas.'
    )
  }
  return { url: all.length === 1 ? urls : all, ...master !== undefined && { master } }
}

function isRedisUrl (text: string): boolean {
  return /^rediss?:\/\//.test(text) && URL.canParse(text)
}
