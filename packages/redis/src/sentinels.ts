import type { RedisOptions as ConnectionOptions } from 'ioredis'

/** The port of a Sentinel whose URL has no port. */
const SENTINEL_PORT = 26_379

/**
 * Connection options for the master that Sentinels watch. The Sentinels have no user and no TLS: what the first URL
 * says of these, and its database, is that of the servers.
 */
export function behindSentinels (urls: readonly string[], name: string): ConnectionOptions {
  const [first, ...others] = urls.map(url => new URL(url)) as [URL, ...URL[]]
  const db = Number(first.pathname.slice(1))
  return {
    sentinels: [first, ...others].map(({ hostname, port }) => (
      { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || SENTINEL_PORT) }
    )),
    name,
    ...access(first),
    ...db > 0 && { db }
  }
}

/** What a URL says of the user, the password and TLS. */
export function access ({ username, password, protocol }: URL): ConnectionOptions {
  return {
    ...username !== '' && { username: decodeURIComponent(username) },
    ...password !== '' && { password: decodeURIComponent(password) },
    ...protocol === 'rediss:' && { tls: {} }
  }
}
