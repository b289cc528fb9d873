import { randomBytes } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { HoldfastError } from '@holdfast/core'
import { SqliteError, translate } from './errors.js'
import { demandNew, giveName } from './new-file.js'
import { inThread } from './thread.js'

/**
 * Copies a database to a new file with mode 0600, also while processes use it. The copy has every write that was
 * acknowledged before the call, and is durable when the promise resolves. It needs no `-wal` file. To restore it, make
 * it the file of {@link sqlite} in a folder with mode 0700. A failure leaves nothing behind.
 *
 * @param path the database
 * @param target a file that does not exist, in a folder that does
 * @throws SqliteError SQLITE_TARGET, SQLITE_TARGET_FULL; for the database any code of {@link SQLITE_ERRORS}
 */
export async function backup (path: string, target: string): Promise<void> {
  const file = resolve(target)
  try {
    await demandNew(file)
    await copyTo(file, resolve(path))
  } catch (error) {
    throw reason(error)
  }
}

async function copyTo (file: string, path: string): Promise<void> {
  const partial = `${file}.${randomBytes(6).toString('hex')}.partial`
  await makeFile(partial)
  try {
    await inThread('./backup-worker.js', { path, copy: partial })
    await sync(partial, 'r+')
    await giveName(partial, file)
    await sync(dirname(file), 'r')
  } finally {
    await rm(partial, { force: true })
  }
}

/** SQLite would make it readable for everybody. */
async function makeFile (path: string): Promise<void> {
  try {
    const handle = await open(path, 'wx', 0o600)
    await handle.close()
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? new SqliteError('SQLITE_TARGET') : error
  }
}

async function sync (path: string, flags: string): Promise<void> {
  const handle = await open(path, flags)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Only the target is written to. */
export function reason (error: unknown): SqliteError {
  const failure = translate(error)
  return failure instanceof HoldfastError ? new SqliteError('SQLITE_TARGET_FULL') : failure
}
