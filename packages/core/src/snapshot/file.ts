import { randomBytes } from 'node:crypto'
import { type Stats, createReadStream, renameSync, statSync } from 'node:fs'
import { lstat, open, readdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type Duration, milliseconds } from '../duration.js'
import { HoldfastError, InvalidOptionError } from '../errors.js'
import { EndedFile } from './ended-file.js'
import type { SnapshotStore } from './store.js'
import { syncFolder } from './sync-folder.js'

/** Bytes per read: many, because each read is a trip to another thread. */
const READ_SIZE = 2 ** 20
const MODE = 0o600
/** Milliseconds after which a temporary file must come from a process that died. */
const STALE_AGE = 600_000

/**
 * Keeps a snapshot in a file with mode 0600. A write goes to a temporary file beside it, which is synced and then
 * renamed. So the file is always the whole old snapshot or the whole new one. `<path>.ended` lists sessions that ended
 * since the snapshot. A write never follows a symbolic link: a link at `path` is read, and the next write replaces it.
 * A write after a read does not replace a snapshot that another process wrote since then.
 *
 * @param path a file in a writable folder
 * @param options `every`: how often the plugin exports while it runs; default: only when it closes
 * @throws InvalidOptionError
 */
export function file (path: string, options: { every?: Duration } = {}): SnapshotStore {
  if (typeof path !== 'string' || path === '') throw new InvalidOptionError('file', 'expected a path')
  const target = resolve(path)
  const ended = new EndedFile(target)
  /** The file that was read since the last write; `''` when there was none. */
  let seen: string | undefined
  return {
    ...(options.every !== undefined && { every: milliseconds(options.every, 'every') }),
    write: async stream => {
      await removeStale(target)
      const began = Date.now()
      const expected = seen
      seen = undefined
      await replace(target, stream, expected)
      await ended.forgetOlder(began)
    },
    // The file is opened here: a stream that opens it by itself may fail before anybody listens.
    read: async () => {
      const handle = await open(target).catch(unless('ENOENT'))
      seen = identityOf(await handle?.stat())
      return handle?.createReadStream({ highWaterMark: READ_SIZE })
    },
    keep: async () => {
      const time = (await stat(target).catch(unless('ENOENT')))?.mtimeMs
      const kept = `${target}.kept-${Math.trunc(time ?? 0)}`
      if (time !== undefined && await modified(kept) === undefined) await replace(kept, createReadStream(target))
    },
    forget: async keys => { await ended.add(keys) },
    forgotten: async () => await ended.read()
  }
}

/** @param seen the identity that the present file must have; undefined when any may be replaced */
async function replace (target: string, bytes: AsyncIterable<Uint8Array>, seen?: string): Promise<void> {
  const temporary = `${target}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const handle = await open(temporary, 'wx', MODE)
    try {
      for await (const chunk of bytes) await handle.writeFile(chunk)
      await handle.sync()
    } finally {
      await handle.close()
    }
    // Nothing of this process comes between the two calls, and next to nothing of another one.
    if (seen !== undefined && identityOf(statSync(target, { throwIfNoEntry: false })) !== seen) {
      throw new HoldfastError('HOLDFAST_SNAPSHOT_CHANGED')
    }
    renameSync(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(dirname(target))
}

function identityOf (file: Pick<Stats, 'ino' | 'size' | 'mtimeMs'> | undefined): string {
  return file === undefined ? '' : `${file.ino} ${file.size} ${file.mtimeMs}`
}

async function removeStale (target: string): Promise<void> {
  const folder = dirname(target)
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${basename(target)}.`) || !/\.[0-9a-f]{12}\.tmp$/.test(name)) continue
    const path = join(folder, name)
    const time = await modified(path)
    if (time !== undefined && Date.now() - time > STALE_AGE) await rm(path, { force: true })
  }
}

/**
 * When a file was last modified, in milliseconds since the epoch; undefined when there is no file. Does not follow a
 * symbolic link.
 */
async function modified (path: string): Promise<number | undefined> {
  return (await lstat(path).catch(unless('ENOENT')))?.mtimeMs
}

function unless (expected: string): (error: NodeJS.ErrnoException) => undefined {
  return error => {
    if (error.code !== expected) throw error
  }
}
