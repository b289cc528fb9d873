import { Redis, type Cluster, type RedisOptions as ConnectionOptions } from 'ioredis'
import type { Client } from './link.js'
import type { Settings } from './options.js'

/**
 * How a connection of ours comes back: soon, and also when the network swallowed everything without a word. What was sent and not
 * answered is sent again for about as long as somebody waits for it.
 */
function tenacity (commandTimeout: number): ConnectionOptions {
  return {
    retryStrategy: (times) => Math.min(times * 50, 500),
    connectTimeout: 2000,
    socketTimeout: 2 * commandTimeout,
    maxRetriesPerRequest: 3
  }
}

export function connect ({ url, connection, commandTimeout }: Settings): Redis {
  const options: ConnectionOptions & { replyMapping: 'legacy' } = { ...tenacity(commandTimeout), ...connection, replyMapping: 'legacy' }
  return url === undefined ? new Redis(options) : new Redis(url, options)
}

/** A second connection to the same Redis, for subscriptions. */
export function duplicate (client: Client): Client {
  return client.isCluster
    ? (client as Cluster).duplicate([], { shardedSubscribers: true })
    : (client as Redis).duplicate({ autoResubscribe: true, enableReadyCheck: true })
}
