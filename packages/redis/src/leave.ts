import { batches } from './batches.js'
import { type Entry, entryName } from './entry.js'
import { type Keys, shardOf } from './keys.js'
import type { Link } from './link.js'

/** Takes entries out of the index. One that could not leave is dropped by whoever claims it. */
export async function leave (link: Link, keys: Keys, entries: readonly Entry[]): Promise<void> {
  const dueOf = ({ key }: Entry): string => keys.due(shardOf(key))
  await Promise.all(batches(link.client, entries, dueOf).map(async (batch) => await link.run('leave', batch.map(dueOf), batch.map(entryName))))
}
