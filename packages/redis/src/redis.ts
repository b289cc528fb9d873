import type { Backend } from '@holdfast/core'
import { type RedisAdviceCode, examine } from './advice.js'
import { Breaker } from './breaker.js'
import { RedisBus } from './bus.js'
import { Census } from './census.js'
import { Claims } from './claims.js'
import { clockAhead } from './clock.js'
import { connect, disconnect, duplicate } from './connect.js'
import { Creations } from './creations.js'
import { Departures } from './departures.js'
import { Doctor } from './doctor.js'
import { RedisEvents } from './events.js'
import { Idleness } from './idleness.js'
import { Keys } from './keys.js'
import { Link } from './link.js'
import { Listing } from './listing.js'
import { type RedisOptions, readOptions } from './options.js'
import { RedisPresence } from './presence.js'
import { RedisRecords } from './records.js'
import { Stamps } from './stamps.js'

export interface RedisBackend extends Backend {
  /** Milliseconds that Redis took to answer. Rejects when it does not. */
  health (): Promise<{ latency: number }>
  /**
   * Looks at the Redis, or at every master of the Cluster, as it is now, whatever `durability` says. Rejects when it
   * does not answer.
   */
  examine (): Promise<Examination>
}

/** What a look at a Redis has found. */
export interface Examination {
  /** What makes it unfit to keep sessions; {@link REDIS_ADVICE} has the words. */
  advice: RedisAdviceCode[]
  /**
   * Milliseconds that its clock is ahead of this process's, or behind when negative. Of a Cluster, that of the master
   * which differs most.
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
  const { prefix, commandTimeout, durability, replicated, ownerTag, maxTombstones, onWarning } = settings
  const own = settings.client === undefined
  const client = settings.client ?? connect(settings)
  const now = (): number => performance.now()
  const doctor = new Doctor(async () => await examine(client), durability === 'strict', onWarning, now)
  const breaker = new Breaker(now)
  const link = new Link(client, breaker, doctor, commandTimeout, replicated, own)
  const keys = new Keys(prefix, ownerTag)
  const census = new Census(link, keys, now)
  const departures = new Departures(link, keys, maxTombstones)
  const claims = new Claims(link, keys, departures, onWarning)
  const bus = new RedisBus(
    link, () => new Link(duplicate(client), new Breaker(now), undefined, commandTimeout, 0, true), keys, onWarning
  )
  return {
    records: new RedisRecords(
      link, keys, new Stamps(), census, new Creations(link, keys), departures, new Listing(link, keys),
      new Idleness(link, keys), claims, onWarning
    ),
    events: new RedisEvents(link, keys, settings, onWarning),
    bus,
    presence: new RedisPresence(link, keys),
    shared: true,
    durable: true,
    async ping () { await link.ask(async (client) => await client.ping()) },
    status: () => ({ breaker: breaker.state }),
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
