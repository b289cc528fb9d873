import { CreateBatcher } from './create-batcher.js'
import { RedisEvents } from './events.js'
import { ExpiredRecords } from './expired-records.js'
import { IdleRecords } from './idle-records.js'
import { IndexEntries } from './index-entries.js'
import { KeyLister } from './key-lister.js'
import type { Keys } from './keys.js'
import { KnownWrites } from './known-writes.js'
import type { Link } from './link.js'
import type { Settings } from './options.js'
import { RecordCount } from './record-count.js'
import { RecordReader } from './record-reader.js'
import { RecordRemover } from './record-remover.js'
import { RedisRecords } from './records.js'

/**
 * Makes the stores of records and events, of the backend itself or of one of its partitions.
 *
 * @param now a monotonic clock in milliseconds
 * @param register adds the partition to the list of partitions that have records; absent for the backend itself
 */
export function storesOf (
  link: Link, keys: Keys, settings: Settings, now: () => number, register?: () => Promise<unknown>
): { records: RedisRecords, events: RedisEvents } {
  const { maxTombstones, onWarning } = settings
  const knownWrites = new KnownWrites()
  const indexEntries = new IndexEntries(link, keys, maxTombstones)
  return {
    records: new RedisRecords(
      link,
      keys,
      knownWrites,
      new RecordCount(link, keys, now),
      new CreateBatcher(link, keys, register),
      indexEntries,
      new RecordRemover(link, keys, knownWrites, indexEntries, onWarning),
      new KeyLister(link, keys),
      new RecordReader(link, keys, onWarning),
      new IdleRecords(link, keys),
      new ExpiredRecords(link, keys, indexEntries, onWarning),
      onWarning
    ),
    events: new RedisEvents(link, keys, settings, onWarning)
  }
}
