import { parentPort, workerData } from 'node:worker_threads'
import type { ErrorCode } from '@holdfast/core'
import { block } from './block.js'
import { type Handle, findDriver } from './driver.js'
import { SqliteError, type SqliteErrorCode, translate } from './errors.js'
import { inodeOf } from './file-identity.js'
import { pragma } from './schema.js'
import { wholeFrames } from './wal-check.js'

/**
 * `move`: what is easy to move. `restart`: all, also when readers hold up a part of it. `heal`: like `restart`, after a
 * sync that failed, so first it looks whether the `-wal` file still has everything.
 */
export type Move = 'move' | 'restart' | 'heal'

/** Whether the database has all that the `-wal` file had; the failure when there was one. */
export interface Moved { done: boolean, code?: SqliteErrorCode | ErrorCode }

/** Milliseconds that a restart of the `-wal` file waits for readers. It holds up writers meanwhile. */
const BUSY_TIMEOUT = 50

/** Pages that a restart may have to move itself, while it holds up writers. */
const RESTARTABLE = 256

/** Pages that one checkpoint gives back to the system. */
const VACUUMED = 200

/** Looks at a `-wal` file that does not seem whole, and milliseconds between them. */
const LOOKS = 3
const PAUSE = 20

const { path, inode } = workerData as { path: string, inode: number | undefined }
let connection: Handle | undefined

parentPort?.on('message', (move: Move | 'close') => {
  if (move === 'close') {
    connection?.close()
    parentPort?.close()
    return
  }
  parentPort?.postMessage(attempt(move))
})

function attempt (move: Move): Moved {
  try {
    return { done: checkpoint(move) }
  } catch (error) {
    return { done: false, code: translate(error).code }
  }
}

function checkpoint (move: Move): boolean {
  // SQLite would make a file that is missing.
  if (inodeOf(path) !== inode) throw new SqliteError('SQLITE_REPLACED')
  const handle = connection ??= open()
  if (move === 'heal') demandWhole(handle)
  if (behind(handle) > RESTARTABLE && move === 'move') return false
  if (run(handle, 'RESTART').busy !== 0) return false
  begin(handle)
  return true
}

function open (): Handle {
  const handle = new (findDriver().DatabaseSync)(path)
  handle.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0`)
  return handle
}

/** SQLite moves frames without a look at their checksums. */
function demandWhole (handle: Handle): void {
  for (let looks = 0; looks < LOOKS; looks++) {
    const { log } = run(handle, 'NOOP')
    if (wholeFrames(`${path}-wal`) >= log) return
    // Another process may have begun the file anew in between.
    block(PAUSE)
  }
  throw new SqliteError('SQLITE_DAMAGED')
}

/** The first write to a file that was restarted syncs its new header, so it must not be one of the main thread. */
function begin (handle: Handle): void {
  handle.exec("BEGIN IMMEDIATE; UPDATE facts SET value = value + 1 WHERE name = 'checkpoints'; COMMIT")
  const free = pragma(handle, 'freelist_count')
  if (free > pragma(handle, 'page_count') / 4 && free > VACUUMED) handle.exec(`PRAGMA incremental_vacuum(${VACUUMED})`)
}

/** Moves pages while writers go on, and may add others. @returns how many are left */
function behind (handle: Handle): number {
  let left = Infinity
  for (let before = Infinity; left > RESTARTABLE; before = left) {
    const { log, checkpointed } = run(handle, 'PASSIVE')
    left = log - checkpointed
    if (left >= before) break
  }
  return left
}

interface State { busy: number, log: number, checkpointed: number }

function run (handle: Handle, mode: 'NOOP' | 'PASSIVE' | 'RESTART'): State {
  return handle.prepare(`PRAGMA wal_checkpoint(${mode})`).get() as State
}
