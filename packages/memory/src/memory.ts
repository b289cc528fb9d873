import { type Backend, partitionIn } from '@holdfast/core'
import { Accounts } from './accounts.js'
import { MemoryBus } from './bus.js'
import { MemoryEvents } from './events.js'
import { type MemoryOptions, readOptions } from './options.js'
import type { OwnedStream } from './owners.js'
import { MemoryPresence } from './presence.js'
import { MemoryRecords } from './records.js'
import { Streams } from './streams.js'

/**
 * The embedded backend. It keeps everything in the heap of this process, within bounds, and loses it when the process
 * ends. Each call makes a separate backend. Closing a backend ends its subscriptions; its data is freed with the
 * object.
 *
 * @throws InvalidOptionError when an option is unknown or has a wrong value
 */
export function memory (options: MemoryOptions = {}): Backend {
  const { now, bounds } = readOptions(options)
  const streams = new Streams(bounds)
  const accounts = new Accounts<OwnedStream>()
  const bus = new MemoryBus()
  const presence = new MemoryPresence(now)
  const partitions = new Map<string, Backend>()
  const make = (close: () => Promise<void>): Backend => {
    const records = new MemoryRecords(now, bounds, streams, accounts)
    return {
      records,
      events: new MemoryEvents(records, streams),
      bus,
      presence,
      shared: false,
      durable: false,
      partition (name) {
        return partitionIn(partitions, name, () => make(async () => {}))
      },
      async partitions () { return [...partitions.keys()].sort() },
      async ping () {},
      close
    }
  }
  return make(async () => { bus.close() })
}
