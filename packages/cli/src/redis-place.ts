import type { RedisOptions } from '@holdfast/redis'
import { UsageError } from './failure.js'

type Place = Pick<RedisOptions, 'url' | 'connection'>

/** The port of a Sentinel whose URL has no port. */
const SENTINEL_PORT = 26_379

/**
 * The options of `redis()` for one server, for nodes of a Cluster, or for Sentinels.
 *
 * @param urls separated by commas
 * @param master the name of the master that the Sentinels watch
 * @param name the option or variable that the URLs come from, for the error
 * @throws UsageError whose message does not show the URLs: they may contain a password
 */
export function redisPlace (urls: string, master: string | undefined, name: string): Place {
  const all = urls.split(',')
  if (!all.every(isRedisUrl)) {
    throw new UsageError(
      `${name}: expected redis://host:port, or rediss:// for TLS. ` +
      'Separate several URLs, of a Cluster or of Sentinels, with commas.'
    )
  }
  if (master !== undefined) return { connection: behindSentinels(all.map(url => new URL(url)), master) }
  return { url: all.length === 1 ? urls : all }
}

function isRedisUrl (text: string): boolean {
  return /^rediss?:\/\//.test(text) && URL.canParse(text)
}

/** User, password and TLS of the first URL are those of the servers. */
function behindSentinels (urls: URL[], name: string): NonNullable<Place['connection']> {
  const { username, password, protocol } = urls[0] as URL
  return {
    sentinels: urls.map(({ hostname, port }) => ({ host: hostname, port: Number(port || SENTINEL_PORT) })),
    name,
    ...username !== '' && { username: decodeURIComponent(username) },
    ...password !== '' && { password: decodeURIComponent(password) },
    ...protocol === 'rediss:' && { tls: {} }
  }
}
