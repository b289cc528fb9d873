import { parentPort, workerData } from 'node:worker_threads'
import { type Handle, findDriver } from './driver.js'

/** Milliseconds that a restart of the `-wal` file waits for readers. It holds up writers meanwhile. */
const BUSY_TIMEOUT = 50

/** Pages that a restart may have to move itself, while it holds up writers. */
const RESTARTABLE = 256

/** Pages that one checkpoint gives back to the system. */
const VACUUMED = 200

const handle: Handle = new (findDriver().DatabaseSync)(workerData as string)
handle.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0`)

parentPort?.on('message', (restart: boolean | 'close') => {
  if (restart === 'close') {
    handle.close()
    parentPort?.close()
    return
  }
  parentPort?.postMessage(checkpoint(restart))
})

/**
 * Throws when the disk fails, which ends the worker.
 *
 * @param restart also when readers hold up a part of it
 * @returns whether the database has all that the `-wal` file had
 */
function checkpoint (restart: boolean): boolean {
  if (behind() > RESTARTABLE && !restart) return false
  if (run('RESTART').busy !== 0) return false
  // The first write to a file that was restarted syncs its new header, so it must not be one of the main thread.
  handle.exec("BEGIN IMMEDIATE; UPDATE facts SET value = value + 1 WHERE name = 'checkpoints'; COMMIT")
  const [pages, free] = ['page_count', 'freelist_count'].map((name) =>
    Object.values(handle.prepare(`PRAGMA ${name}`).get() as Record<string, number>)[0] as number) as [number, number]
  if (free > pages / 4 && free > VACUUMED) handle.exec(`PRAGMA incremental_vacuum(${VACUUMED})`)
  return true
}

/** Moves pages while writers go on, and may add others. @returns how many are left */
function behind (): number {
  let left = Infinity
  for (let before = Infinity; left > RESTARTABLE; before = left) {
    const { log, checkpointed } = run('PASSIVE')
    left = log - checkpointed
    if (left >= before) break
  }
  return left
}

function run (mode: 'PASSIVE' | 'RESTART'): { busy: number, log: number, checkpointed: number } {
  return handle.prepare(`PRAGMA wal_checkpoint(${mode})`).get() as ReturnType<typeof run>
}
