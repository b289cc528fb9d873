import type { Backend } from '@holdfast/core'
import { MemoryBus } from './bus.js'
import { MemoryEvents } from './events.js'
import { type MemoryOptions, readOptions } from './options.js'
import { MemoryPresence } from './presence.js'
import { MemoryRecords } from './records.js'
import { Streams } from './streams.js'

/**
 * The embedded backend: everything in the heap of this process, bounded, and gone with it.
 * Each call makes a backend of its own. Closing it ends the subscriptions; what is stored goes with the object.
 *
 * @throws InvalidOptionError when an option is unknown or has a wrong value
 */
export function memory (options: MemoryOptions = {}): Backend {
  const { now, bounds } = readOptions(options)
  const streams = new Streams(bounds)
  const records = new MemoryRecords(now, bounds, streams)
  const bus = new MemoryBus()
  return {
    records,
    events: new MemoryEvents(records, streams),
    bus,
    presence: new MemoryPresence(now),
    shared: false,
    durable: false,
    async ping () {},
    async close () { bus.close() }
  }
}
