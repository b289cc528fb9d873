import { Cluster, Redis, type RedisOptions as ConnectionOptions } from 'ioredis'
import type { Client } from './client.js'
import type { Settings } from './options.js'

type Connection = ConnectionOptions & { replyMapping: 'legacy' }

/** Milliseconds between attempts to connect. */
const retryStrategy = (times: number): number => Math.min(10 * 2 ** times, 250)

/**
 * How a connection of ours comes back: soon, and also when the network swallowed everything without a word. What was
 * sent and not answered is sent again for about as long as somebody waits for it. With Sentinels, a failover is heard
 * of from them.
 */
function tenacity (commandTimeout: number): ConnectionOptions {
  return {
    retryStrategy,
    connectTimeout: 2000,
    disconnectTimeout: commandTimeout,
    maxRetriesPerRequest: 4,
    failoverDetector: true
  }
}

export function connect ({ url, connection, commandTimeout }: Settings): Client {
  const options: Connection = { ...tenacity(commandTimeout), ...connection, replyMapping: 'legacy' }
  if (url === undefined) return new Redis(options)
  return typeof url === 'string' ? new Redis(url, options) : connectCluster(url, options)
}

/** The nodes that the Cluster names take user, password and TLS from the first URL. */
function connectCluster (urls: readonly string[], options: Connection): Cluster {
  const { username, password, protocol } = new URL(urls[0] as string)
  const credentials = {
    ...username && { username: decodeURIComponent(username) }, ...password && { password: decodeURIComponent(password) }
  }
  return new Cluster([...urls], {
    redisOptions: { ...credentials, ...protocol === 'rediss:' && { tls: {} }, ...options },
    clusterRetryStrategy: retryStrategy,
    slotsRefreshTimeout: 500,
    slotsRefreshInterval: 2000
  })
}

/** A second connection to the same Redis, for subscriptions. */
export function duplicate (client: Client): Client {
  return client.isCluster
    ? (client as Cluster).duplicate([], { shardedSubscribers: true })
    : (client as Redis).duplicate({ autoResubscribe: false, enableReadyCheck: true })
}

/**
 * Ends a connection of ours for good. Behind Sentinel, ioredis begins to listen to the Sentinels once the master is
 * connected, also when it was told to disconnect just before; nobody would end those connections.
 */
export function disconnect (client: Client): void {
  if (!client.isCluster) client.once('end', () => { client.disconnect() })
  client.disconnect()
}
