import type { Redis } from 'ioredis'
import { type Client, masters } from './client.js'

/**
 * Milliseconds by which the clock of Redis is ahead of the clock of this process. In a Cluster, the master with the
 * largest difference counts.
 */
export async function clockAhead (client: Client): Promise<number> {
  const all = await Promise.all(masters(client).map(nodeAhead))
  return all.reduce((most, ahead) => Math.abs(ahead) > Math.abs(most) ? ahead : most, 0)
}

async function nodeAhead (node: Redis): Promise<number> {
  const sentAt = Date.now()
  const [seconds = 0, microseconds = 0] = (await node.time()).map(Number)
  return seconds * 1000 + microseconds / 1000 - (sentAt + Date.now()) / 2
}
