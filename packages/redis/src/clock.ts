import type { Redis } from 'ioredis'
import { type Client, masters } from './client.js'

/**
 * Milliseconds that the clock of Redis is ahead of this process's: of a Cluster, that of the master which differs most.
 */
export async function clockAhead (client: Client): Promise<number> {
  const all = await Promise.all(masters(client).map(nodeAhead))
  return all.reduce((most, ahead) => Math.abs(ahead) > Math.abs(most) ? ahead : most, 0)
}

async function nodeAhead (node: Redis): Promise<number> {
  const asked = Date.now()
  const [seconds = 0, microseconds = 0] = (await node.time()).map(Number)
  return seconds * 1000 + microseconds / 1000 - (asked + Date.now()) / 2
}
