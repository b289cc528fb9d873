import type { RedisOptions } from '@holdfast/redis'
import { UsageError } from './failure.js'

type Place = Pick<RedisOptions, 'url' | 'connection'>

/** The port of a Sentinel whose URL names none. */
const SENTINEL_PORT = 26_379

/**
 * Where a Redis is: one server, nodes of a Cluster, or Sentinels.
 *
 * @param urls with commas between them
 * @param master what the Sentinels call the master that they watch
 * @param name where the URLs come from, for the error
 * @throws UsageError which shows nothing of them: they may hold a password
 */
export function redisPlace (urls: string, master: string | undefined, name: string): Place {
  const all = urls.split(',')
  if (!all.every(isRedisUrl)) {
    throw new UsageError(
      `${name}: expected redis://host:port, or rediss:// for TLS; ` +
      'several with commas between them for a Cluster or Sentinels.'
    )
  }
  if (master !== undefined) return { connection: behindSentinels(all.map(url => new URL(url)), master) }
  return { url: all.length === 1 ? urls : all }
}

function isRedisUrl (text: string): boolean {
  return /^rediss?:\/\//.test(text) && URL.canParse(text)
}

/** User, password and TLS are those of the servers, and come with the first URL. */
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
