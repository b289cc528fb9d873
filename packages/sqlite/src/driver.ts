import { createRequire } from 'node:module'
import { SqliteError } from './errors.js'

/** A value of a row. */
export type Value = string | number | Uint8Array | null

/** The parts of `node:sqlite` that the backend uses. */
export interface Statement {
  get (...parameters: Value[]): unknown
  all (...parameters: Value[]): unknown[]
  run (...parameters: Value[]): { changes: number | bigint, lastInsertRowid: number | bigint }
}

/** A connection of `node:sqlite`. */
export interface Handle {
  exec (sql: string): void
  prepare (sql: string): Statement
  close (): void
}

/** `node:sqlite`, or a package with the same interface. */
export interface Driver {
  DatabaseSync: new (path: string, options?: { readOnly: boolean }) => Handle
}

/**
 * Earlier versions can damage a file when two connections write and checkpoint at once (the WAL-reset bug, fixed in
 * SQLite 3.51.3 of 2026-03-13).
 */
const OLDEST = [3, 51, 3]

/** In this order: what Node brings, then the package for Node versions without a safe SQLite. */
const SOURCES: ReadonlyArray<() => unknown> = [
  () => process.getBuiltinModule('node:sqlite'),
  () => createRequire(import.meta.url)('@photostructure/sqlite')
]

let found: Driver | undefined

/**
 * The SQLite of this process. One process must use one copy of SQLite only, since the locks of a file belong to the
 * process, not to the copy.
 *
 * @throws SqliteError SQLITE_ENGINE
 */
export function findDriver (): Driver {
  found ??= chooseDriver(SOURCES)
  return found
}

/**
 * The first source with a safe SQLite. A source may throw.
 *
 * @throws SqliteError SQLITE_ENGINE
 */
export function chooseDriver (sources: ReadonlyArray<() => unknown>): Driver {
  for (const source of sources) {
    const driver = load(source)
    if (driver !== undefined && isSafe(driver)) return driver
  }
  throw new SqliteError('SQLITE_ENGINE')
}

/** Whether the version of a driver's SQLite is safe for several processes. */
function isSafe (driver: Driver): boolean {
  const memory = new driver.DatabaseSync(':memory:')
  const { version } = memory.prepare('SELECT sqlite_version() AS version').get() as { version: string }
  memory.close()
  const parts = version.split('.').map(Number)
  const [difference = 0] = OLDEST.map((least, i) => (parts[i] ?? 0) - least).filter((difference) => difference !== 0)
  return difference >= 0
}

function load (source: () => unknown): Driver | undefined {
  try {
    return source() as Driver | undefined
  } catch {
    // The package is not installed, or has no binary for this platform. The next source may do.
    return undefined
  }
}
