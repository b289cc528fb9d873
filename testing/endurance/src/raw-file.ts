import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Raw {
  exec: (sql: string) => void
  prepare: (sql: string) => { get: () => any }
  close: () => void
}

/** The SQLite that the backend uses: a process must not use two copies of it. Published nowhere. */
const { findDriver } = await import(new URL('driver.js', import.meta.resolve('@holdfast/sqlite')).href)

export function openRaw (path: string): Raw {
  return new (findDriver().DatabaseSync)(path)
}

/** Makes a folder that only this user can read, as the backend demands. */
export async function makeFolder (parent = tmpdir()): Promise<string> {
  return await mkdtemp(join(parent, 'file-'))
}

/** Copies a database that no process has open, with what a killed process leaves beside it. */
export async function copyDatabase (from: string, to: string): Promise<void> {
  for (const part of ['', '-wal', '-open', '-journal']) {
    if (existsSync(from + part)) await copyFile(from + part, to + part)
  }
}

/**
 * What is wrong with the structure of a database that no process has open; '' when nothing is. Looks at a copy, since
 * SQLite would empty its -wal file.
 */
export async function faultsOf (path: string): Promise<string> {
  const folder = await makeFolder()
  try {
    const copy = join(folder, 'copy.db')
    await copyDatabase(path, copy)
    return faultsIn(copy)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** {@link faultsOf}, without a copy. */
export function faultsIn (path: string): string {
  const raw = openRaw(path)
  try {
    const { integrity_check: found } = raw.prepare('PRAGMA integrity_check').get()
    if (found !== 'ok') return found
    const hasRecords = raw.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'records'").get() !== undefined
    if (!hasRecords) return ''
    const { counted, amount } = raw.prepare(
      "SELECT (SELECT count(*) FROM records) AS counted, (SELECT amount FROM counts WHERE name = 'records') AS amount"
    ).get()
    return counted === amount ? '' : `the counter of records is ${amount}, and there are ${counted}`
  } finally {
    raw.close()
  }
}
