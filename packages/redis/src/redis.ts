import { type Backend, partitionIn } from '@holdfast/core'
import { Breaker } from './breaker.js'
import { RedisBus } from './bus.js'
import { clockAhead } from './clock.js'
import { connect, disconnect, duplicate } from './connect.js'
import { examine } from './examine.js'
import { Keys } from './keys.js'
import { Link } from './link.js'
import { type RedisOptions, readOptions } from './options.js'
import { RedisPresence } from './presence.js'
import type { RedisRiskCode } from './risks.js'
import { SafetyCheck } from './safety-check.js'
import { storesOf } from './stores.js'

/** A backend in Redis, and what an operator asks of it. */
export interface RedisBackend extends Backend {
  /** Resolves to the milliseconds that Redis took to answer a PING. Rejects when it does not answer. */
  health (): Promise<{ latency: number }>
  /**
   * Examines Redis, or every master of the Cluster, as it is now. Works also when `durability` is `'strict'` and Redis
   * is unsafe. Rejects when Redis does not answer.
   */
  examine (): Promise<Examination>
}

/** The result of an examination of Redis. */
export interface Examination {
  /** The risks that were found; {@link REDIS_RISKS} describes each. Empty when Redis is safe for sessions. */
  risks: RedisRiskCode[]
  /**
   * Milliseconds by which the clock of Redis is ahead of the clock of this process; negative when it is behind. In a
   * Cluster, the master with the largest difference counts.
   */
  clockAhead: number
}

/**
 * Stores sessions in Redis or Valkey, 6.2 or later: a single server, servers behind Sentinel, or a Cluster (Redis 7 or
 * later). Returns at once, even while Redis is down; calls reject until Redis answers.
 *
 * @throws InvalidOptionError when an option is unknown or has a wrong value
 */
export function redis (options: RedisOptions): RedisBackend {
  const settings = readOptions(options)
  const { prefix, commandTimeout, durability, replicated, ownerTag, onWarning } = settings
  const own = settings.client === undefined
  const client = settings.client ?? connect(settings)
  const now = (): number => performance.now()
  const safetyCheck = new SafetyCheck(async () => await examine(client), durability === 'strict', onWarning, now)
  const breaker = new Breaker(now)
  const link = new Link(client, breaker, safetyCheck, commandTimeout, replicated, own)
  const keys = new Keys(prefix, ownerTag)
  const subscriber = (): Link => new Link(duplicate(client), new Breaker(now), undefined, commandTimeout, 0, true)
  const bus = new RedisBus(link, subscriber, keys, onWarning)
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
      const [risks, ahead] = await link.ask(
        async (client) => await Promise.all([examine(client), clockAhead(client)]), false
      )
      return { risks, clockAhead: ahead }
    },
    async close () {
      bus.close()
      if (own) disconnect(client)
      else link.detach()
    }
  }
}
