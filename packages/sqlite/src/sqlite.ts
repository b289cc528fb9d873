import { type Backend, partitionIn } from '@holdfast/core'
import { SqliteBus } from './bus.js'
import { Checkpoints } from './checkpoints.js'
import { Connection, isUnsuited } from './connection.js'
import { Durability } from './durability.js'
import { SqliteEvents } from './events.js'
import { ExpiredRecords } from './expired-records.js'
import { Healing } from './healing.js'
import { IdleRecords } from './idle-records.js'
import { type SqliteOptions, readOptions } from './options.js'
import { Partition } from './partition.js'
import { SqlitePresence } from './presence.js'
import { RecordLister } from './record-lister.js'
import { RecordRemover } from './record-remover.js'
import { SqliteRecords } from './records.js'
import { Streams } from './streams.js'
import { Turns } from './turns.js'

/**
 * Stores sessions in a file, in a database of SQLite. They survive `kill -9` and, by default, the loss of power. All
 * processes of one machine may share the file. Opens the file at once. When that fails for a reason that may pass,
 * calls reject until it is open.
 *
 * @throws InvalidOptionError when an option is unknown or has a wrong value
 * @throws SqliteError when the file or the machine is not suited: the codes of {@link SQLITE_ERRORS} with `unsuited`
 */
export function sqlite (options: SqliteOptions): Backend {
  const settings = readOptions(options)
  const connection = new Connection(settings)
  const checkpoints = new Checkpoints(connection, settings.onWarning)
  const healing = new Healing(connection, checkpoints)
  const durability = new Durability(connection, settings.durability === 'power', healing.begin)
  const turns = new Turns(connection, durability, checkpoints.committed)
  const bus = new SqliteBus(connection, turns, settings.onWarning)
  const presence = new SqlitePresence(connection, turns)
  const opened: Partition[] = []
  const partitions = new Map<string, Backend>()
  let closing: Promise<void> | undefined

  const make = (name: string, close: () => Promise<void>): Backend => {
    const partition = new Partition(connection, turns, durability, name, settings)
    opened.push(partition)
    return {
      records: new SqliteRecords(
        partition,
        new RecordRemover(partition, settings.maxTombstones),
        new RecordLister(partition, settings.onWarning),
        new IdleRecords(partition),
        new ExpiredRecords(partition, settings.onWarning)
      ),
      events: new SqliteEvents(partition, new Streams(partition, settings)),
      bus,
      presence,
      shared: true,
      durable: true,
      partition: (name) => partitionIn(partitions, name, () => make(name, async () => {})),
      async partitions () {
        const rows = await turns.read(() => connection.all<{ name: string }>(
          "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '%\\_records' ESCAPE '\\' ORDER BY name"
        ))
        return rows.map(({ name }) => name.slice(0, -'_records'.length))
      },
      async ping () { await turns.read(() => { connection.snapshot(() => {}) }) },
      status: () => ({ breaker: connection.broken ? 'open' : 'closed' }),
      close
    }
  }

  const end = async (): Promise<void> => {
    healing.stop()
    for (const partition of opened) {
      await partition.touches.close()
      await partition.abandoned.close()
    }
    await bus.close()
    await turns.close()
    await checkpoints.close()
    await durability.close()
    connection.close()
  }
  try {
    connection.open()
  } catch (error) {
    if (isUnsuited(error)) throw error
    settings.onWarning(error as Error)
  }
  return make('', async () => { await (closing ??= end()) })
}
