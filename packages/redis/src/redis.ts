import { type Backend, partitionIn } from '@holdfast/core'
import { type RedisAdviceCode, examine } from './advice.js'
import { Breaker } from './breaker.js'
import { RedisBus } from './bus.js'
import { clockAhead } from './clock.js'
import { connect, disconnect, duplicate } from './connect.js'
import { Doctor } from './doctor.js'
import { Keys } from './keys.js'
import { Link } from './link.js'
import { type RedisOptions, readOptions } from './options.js'
import { RedisPresence } from './presence.js'
import { storesOf } from './stores.js'

export interface RedisBackend extends Backend {
  /** Milliseconds that Redis took to answer. Rejects when it does not. */
  health (): Promise<{ latency: number }>
  /**
   * Looks at the Redis, or at every master of the Cluster, as it is now, whatever `durability` says.
   * Rejects when it does not answer.
   */
  examine (): Promise<Examination>
}

/** What a look at a Redis has found. */
export interface Examination {
  /** What makes it unfit to keep sessions; {@link REDIS_ADVICE} has the words. */
  advice: RedisAdviceCode[]
  /**
   * Milliseconds that its clock is ahead of this process's, or behind when negative. Of a Cluster, that of
   * the master which differs most.
   */
  clockAhead: number
}

/**
 * Sessions in Redis or Valkey, 6.2 or later: a single server, behind Sentinel, or a Cluster (7 or later). Returns at
 * once, whether Redis is up or not; what needs it rejects until it is.
 *
 * @throws InvalidOptionError when an option is unknown or has a wrong value
 */
export function redis (options: RedisOptions): RedisBackend {
  const settings = readOptions(options)
  const { prefix, commandTimeout, durability, replicated, ownerTag, onWarning } = settings
  const own = settings.client === undefined
  const client = settings.client ?? connect(settings)
  const now = (): number => performance.now()
  const doctor = new Doctor(async () => await examine(client), durability === 'strict', onWarning, now)
  const breaker = new Breaker(now)
  const link = new Link(client, breaker, doctor, commandTimeout, replicated, own)
  const keys = new Keys(prefix, ownerTag)
  const listener = (): Link => new Link(duplicate(client), new Breaker(now), undefined, commandTimeout, 0, true)
  const bus = new RedisBus(link, listener, keys, onWarning)
  const partitions = new Map<string, Backend>()
  const shared = {
    bus,
    presence: new RedisPresence(link, keys),
    shared: true,
    durable: true,
    partition (name: string): Backend {
      return partitionIn(partitions, name, () => {
        const register = async (): Promise<unknown> =>
          await link.ask(async (client) => await client.sadd(keys.partitions, name))
        return { ...storesOf(link, keys.of(name), settings, now, register), ...shared, async close () {} }
      })
    },
    async partitions () {
      const names = await link.ask(async (client) => await client.smembers(keys.partitions))
      return names.filter((name) => /^[a-z]{1,16}$/.test(name)).sort()
    },
    async ping () { await link.ask(async (client) => await client.ping()) },
    status: () => ({ breaker: breaker.state })
  }
  return {
    ...storesOf(link, keys, settings, now),
    ...shared,
    async health () {
      const began = now()
      await link.ask(async (client) => await client.ping())
      return { latency: now() - began }
    },
    async examine () {
      const [advice, ahead] = await link.ask(
        async (client) => await Promise.all([examine(client), clockAhead(client)]), false
      )
      return { advice, clockAhead: ahead }
    },
    async close () {
      bus.close()
      if (own) disconnect(client)
      else link.leave()
    }
  }
}
