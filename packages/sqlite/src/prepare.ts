import { block } from './block.js'
import { readClock } from './clock.js'
import type { Handle } from './driver.js'
import { isBusy } from './errors.js'
import type { Settings } from './options.js'
import { checkVersion, migrate, pragma } from './schema.js'

/** Milliseconds that a statement blocks the process while another one commits. */
const BUSY_TIMEOUT = 5

/** Pages for removals and sweeps beyond `maxBytes`, or beyond what is there: a full file must be able to shrink. */
const RESERVE = 256

/**
 * Makes a new handle ready: its settings, the tables, the clock.
 *
 * @param patience milliseconds that it may block the process while others open the file at the same time
 * @returns the clock, see {@link readClock}, the pages that content may take, and their bytes
 * @throws SqliteError, or an error of SQLite
 */
export function prepare (
  handle: Handle, { cacheBytes, maxBytes }: Pick<Settings, 'cacheBytes' | 'maxBytes'>, patience: number
): { clock: number, maxPages: number, pageSize: number } {
  const deadline = performance.now() + patience
  handle.exec('PRAGMA trusted_schema = OFF')
  patiently(deadline, () => {
    if (checkVersion(handle) === 0) handle.exec('PRAGMA auto_vacuum = INCREMENTAL')
    handle.exec('PRAGMA journal_mode = WAL')
  })
  handle.exec(`
    PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864;
    PRAGMA cache_size = ${cacheBytes === Infinity ? -(2 ** 31 - 1) : -Math.ceil(cacheBytes / 1024)};
  `)
  let clock = 0
  patiently(deadline, () => {
    handle.exec('BEGIN IMMEDIATE')
    migrate(handle)
    clock = readClock(handle)
    handle.exec('COMMIT')
  })
  const pageSize = pragma(handle, 'page_size')
  const maxPages = Math.floor(maxBytes / pageSize)
  const mostPages = Math.max(maxPages, pragma(handle, 'page_count')) + RESERVE
  if (maxPages !== Infinity) handle.exec(`PRAGMA max_page_count = ${mostPages}`)
  handle.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`)
  return { clock, maxPages, pageSize }
}

/** Repeats work while other processes keep the file locked. It blocks the process. */
function patiently (deadline: number, work: () => void): void {
  for (;;) {
    try {
      work()
      return
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error
      block(20)
    }
  }
}
