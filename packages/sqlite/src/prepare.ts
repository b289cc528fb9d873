import { readClock } from './clock.js'
import type { Handle } from './driver.js'
import { SqliteError, translate } from './errors.js'
import type { Settings } from './options.js'
import { checkVersion, migrate, pragma } from './schema.js'

/** Milliseconds that opening waits for other processes that open the file at the same time. */
const OPEN_WAIT = 2000

/** Milliseconds that a statement blocks the process while another one commits. */
const BUSY_TIMEOUT = 5

/** Pages for removals and sweeps beyond `maxBytes`: a full file must be able to shrink. */
const RESERVE = 256

/**
 * Makes a new handle ready: its settings, the tables, the clock.
 *
 * @returns the clock, see {@link readClock}, and the pages that content may take
 * @throws SqliteError, or an error of SQLite
 */
export function prepare (
  handle: Handle, { cacheBytes, maxBytes }: Pick<Settings, 'cacheBytes' | 'maxBytes'>
): { clock: number, maxPages: number } {
  const deadline = performance.now() + OPEN_WAIT
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
  const maxPages = Math.floor(maxBytes / pragma(handle, 'page_size'))
  if (maxPages !== Infinity) handle.exec(`PRAGMA max_page_count = ${maxPages + RESERVE}`)
  handle.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`)
  return { clock, maxPages }
}

/** Repeats work while other processes keep the file locked. It blocks: without the file, there is nothing to do. */
function patiently (deadline: number, work: () => void): void {
  for (;;) {
    try {
      work()
      return
    } catch (error) {
      const failure = translate(error)
      const isBusy = failure instanceof SqliteError && failure.code === 'SQLITE_BUSY'
      if (!isBusy || performance.now() > deadline) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    }
  }
}
