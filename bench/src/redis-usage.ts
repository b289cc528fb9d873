import { Redis } from 'ioredis'
import type { RedisServer } from '@holdfast/real-redis'
import { withRedis } from './redis.js'

/** What a Redis did in a while, by what it counts itself. */
export interface Usage {
  /** µs in scripts, with what they call. */
  scripts: number
  /** Bytes that it sent. */
  output: number
}

/** Does something with a Redis of its own, and a second connection to ask what it does. */
export async function withMeter<T> (
  work: (meter: Redis, server: RedisServer) => Promise<T>, settings: readonly string[] = []
): Promise<T> {
  return await withRedis(async server => {
    const meter = new Redis(server.url)
    try {
      return await work(meter, server)
    } finally {
      meter.disconnect()
    }
  }, settings)
}

/** Counts from zero on, until the result is asked. */
export async function usageSince (meter: Redis): Promise<() => Promise<Usage>> {
  await meter.config('RESETSTAT')
  return async () => {
    const info = await meter.info('everything') // bytes are counted before this answer is sent
    return { scripts: scriptTime(info), output: Number(/^total_net_output_bytes:(\d+)/m.exec(info)?.[1]) }
  }
}

/** CPU time that a Redis has used since it was started, in µs. */
export async function cpuOf (meter: Redis): Promise<number> {
  const info = await meter.info('cpu')
  return ['user', 'sys'].reduce(
    (sum, kind) => sum + 1e6 * Number(new RegExp(`^used_cpu_${kind}:([\\d.]+)`, 'm').exec(info)?.[1]), 0
  )
}

/** µs that scripts took, with what they called, by what `INFO commandstats` says. */
export function scriptTime (info: string): number {
  return [...info.matchAll(/^cmdstat_(?:evalsha|eval|fcall)(?:_ro)?:calls=\d+,usec=(\d+)/gm)].reduce(
    (sum, [, usec]) => sum + Number(usec), 0
  )
}
