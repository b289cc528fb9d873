import { redis } from '@holdfast/redis'
import { withRedis } from '../redis.js'
import type { Figure } from './figure.js'
import { snapshot } from './snapshot.js'

/** From one part of a Redis to a file, and from there to another part. */
export async function redisSnapshot (count: number, targets: { export: number, restore: number }): Promise<Figure[]> {
  let parts = 0
  return await withRedis(async ({ url }) => await snapshot(count, targets, {
    name: ' in Redis',
    connect: () => redis({ url, commandTimeout: 5000, prefix: `bench-${++parts}:` }),
    checked: false
  }))
}
