import { Census } from './census.js'
import { Claims } from './claims.js'
import { Creations } from './creations.js'
import { Departures } from './departures.js'
import { RedisEvents } from './events.js'
import { Idleness } from './idleness.js'
import type { Keys } from './keys.js'
import type { Link } from './link.js'
import { Listing } from './listing.js'
import type { Settings } from './options.js'
import { Reading } from './reading.js'
import { RedisRecords } from './records.js'
import { Removals } from './removals.js'
import { Stamps } from './stamps.js'

/**
 * The records and events of the backend itself, or of one of its partitions.
 *
 * @param now a monotonic clock in milliseconds
 * @param register notes that there are records here, where that wants to be known
 */
export function storesOf (
  link: Link, keys: Keys, settings: Settings, now: () => number, register?: () => Promise<unknown>
): { records: RedisRecords, events: RedisEvents } {
  const { maxTombstones, onWarning } = settings
  const stamps = new Stamps()
  const departures = new Departures(link, keys, maxTombstones)
  return {
    records: new RedisRecords(
      link,
      keys,
      stamps,
      new Census(link, keys, now),
      new Creations(link, keys, register),
      departures,
      new Removals(link, keys, stamps, departures, onWarning),
      new Listing(link, keys),
      new Reading(link, keys, onWarning),
      new Idleness(link, keys),
      new Claims(link, keys, departures, onWarning),
      onWarning
    ),
    events: new RedisEvents(link, keys, settings, onWarning)
  }
}
