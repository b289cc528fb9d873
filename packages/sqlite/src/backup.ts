import { randomBytes } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { HoldfastError, syncFolder } from '@holdfast/core'
import { SqliteError, translate } from './errors.js'
import { demandNew, giveName } from './new-file.js'
import { readPath } from './options.js'
import { inThread } from './thread.js'

/** The ends of the names of files beside a database. */
const SIDES = ['-wal', '-shm', '-journal', '-open']

/**
 * Copies a database to a new file with mode 0600, also while processes use it. The copy has every write that was
 * acknowledged before the call, and is durable when the promise resolves. It needs no `-wal` file. To restore it, make
 * it the file of {@link sqlite} in a folder with mode 0700. A failure leaves nothing behind.
 *
 * @param path the database
 * @param target a file that does not exist, in a folder that does
 * @throws InvalidOptionError for what cannot be the path of a file
 * @throws SqliteError SQLITE_TARGET, SQLITE_TARGET_FULL; for the database any code of {@link SQLITE_ERRORS}
 */
export async function backup (path: string, target: string): Promise<void> {
  const source = readPath(path, 'path')
  const file = readPath(target, 'target')
  // SQLite would take them for its own.
  if (SIDES.some((end) => file === `${source}${end}`)) throw new SqliteError('SQLITE_TARGET')
  await ofTarget(async () => await demandNew(file))
  await copyTo(file, source)
}

async function copyTo (file: string, path: string): Promise<void> {
  const partial = `${file}.${randomBytes(6).toString('hex')}.partial`
  await ofTarget(async () => await makeFile(partial))
  try {
    await inThread('./backup-worker.js', { path, copy: partial }).catch((error: unknown) => { throw reason(error) })
    await ofTarget(async () => {
      await sync(partial)
      await giveName(partial, file)
      await syncFolder(dirname(file))
    })
  } finally {
    await rm(partial, { force: true })
  }
}

/** SQLite would make it readable for everybody. */
async function makeFile (path: string): Promise<void> {
  const handle = await open(path, 'wx', 0o600)
  await handle.close()
}

async function sync (path: string): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Runs work in which each refusal of the system concerns the target.
 *
 * @throws SqliteError SQLITE_TARGET, SQLITE_TARGET_FULL
 */
export async function ofTarget (work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const failure = reason(error)
    throw failure.code === 'SQLITE_TARGET_FULL' ? failure : new SqliteError('SQLITE_TARGET')
  }
}

/** The thread writes to the target only. */
export function reason (error: unknown): SqliteError {
  const failure = translate(error)
  return failure instanceof HoldfastError ? new SqliteError('SQLITE_TARGET_FULL') : failure
}
