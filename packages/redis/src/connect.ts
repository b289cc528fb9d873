import { Cluster, Redis, type RedisOptions as ConnectionOptions } from 'ioredis'
import type { Client } from './client.js'
import type { Settings } from './options.js'
import { access, behindSentinels } from './sentinels.js'

type Connection = ConnectionOptions & { replyMapping: 'legacy' }

/** Milliseconds between attempts to connect. */
const retryStrategy = (times: number): number => Math.min(10 * 2 ** times, 250)

/**
 * Reconnects soon, also when the network silently dropped the connection. Commands that were sent and not answered are
 * sent again for about as long as their callers wait. The Sentinels, if there are any, report a failover.
 */
function reconnection (commandTimeout: number): ConnectionOptions {
  return {
    retryStrategy,
    connectTimeout: 2000,
    disconnectTimeout: commandTimeout,
    maxRetriesPerRequest: 4,
    failoverDetector: true
  }
}

export function connect ({ url, master, connection, commandTimeout }: Settings): Client {
  const options: Connection = { ...reconnection(commandTimeout), ...connection, replyMapping: 'legacy' }
  if (url === undefined) return new Redis(options)
  if (master !== undefined) return new Redis({ ...behindSentinels([url].flat(), master), ...options })
  return typeof url === 'string' ? new Redis(url, options) : connectCluster(url, options)
}

/** User, password and TLS of the first URL are used for all nodes that the Cluster announces. */
function connectCluster (urls: readonly string[], options: Connection): Cluster {
  return new Cluster([...urls], {
    redisOptions: { ...access(new URL(urls[0] as string)), ...options },
    clusterRetryStrategy: retryStrategy,
    slotsRefreshTimeout: 500,
    slotsRefreshInterval: 2000
  })
}

/** Makes a second connection to the same Redis, for subscriptions. */
export function duplicate (client: Client): Client {
  return client.isCluster
    ? (client as Cluster).duplicate([], { shardedSubscribers: true })
    : (client as Redis).duplicate({ autoResubscribe: false, enableReadyCheck: true })
}

/**
 * Ends a connection of the backend for good. Behind Sentinel, ioredis connects to the Sentinels once the master is
 * connected, even after a call of `disconnect` just before. Without the second call those connections would stay open.
 */
export function disconnect (client: Client): void {
  if (!client.isCluster) client.once('end', () => { client.disconnect() })
  client.disconnect()
}
