import { resolve } from 'node:path'
import { type Duration, InvalidOptionError, LONGEST_TIMER, milliseconds, refuseUnset } from '@holdfast/core'

/** Options of {@link sqlite}. A wrong value throws an `InvalidOptionError` at once. */
export interface SqliteOptions {
  /**
   * The database file. Its folder is created with mode 0700 when it does not exist; a folder that other users can read
   * is refused. `undefined`, such as an unset variable of the environment, is an error.
   */
  path: string | undefined
  /**
   * What an acknowledged write survives. `'power'`: the loss of power; the answer waits until the disk confirms the
   * write, and writes wait together. `'process'`: only the end of the process, `kill -9` included. Default `'power'`.
   */
  durability?: 'power' | 'process'
  /**
   * Time for which the last use of a session may stay in this process before the file has it. A process that is killed
   * forgets at most this much. Default 1 s.
   */
  touchDelay?: Duration
  /**
   * Bytes of the database file. At this bound, `create` answers `'full'`, and writes that need more room reject with
   * `HOLDFAST_BACKEND_FULL`. The `-wal` file takes up to 80 MiB beside it. Default 4 GiB.
   */
  maxBytes?: number
  /** Bytes of memory for pages of the file. Default 64 MiB. */
  cacheBytes?: number
  /** Events kept per stream. Beyond this, the oldest events are dropped. Default 1,000. */
  maxEntries?: number
  /**
   * Bytes kept per stream: its events, plus 64 for each event, plus its head. The newest event is kept even if it alone
   * is larger. A larger head is refused with `HOLDFAST_BACKEND_FULL`. Default 1 MiB.
   */
  maxStreamBytes?: number
  /** Streams kept per record. Beyond this, the oldest ended stream is dropped for each new one. Default 16. */
  maxStreams?: number
  /**
   * Tombstones of removed records that are kept. Beyond this, the tombstones that would end first are dropped. Default
   * 100,000.
   */
  maxTombstones?: number
  /** Called with each warning for an operator. Default: a process warning. */
  onWarning?: (warning: Error) => void
  /**
   * The clock: milliseconds since the epoch. Default: a clock that all processes on the file share and that setting the
   * wall clock does not change.
   */
  now?: () => number
}

export const DEFAULTS = {
  durability: 'power' as 'power' | 'process',
  touchDelay: '1s',
  maxBytes: 4 * 2 ** 30,
  cacheBytes: 64 * 2 ** 20,
  maxEntries: 1000,
  maxStreamBytes: 2 ** 20,
  maxStreams: 16,
  maxTombstones: 100_000
}

/** The options as the backend uses them: with defaults, an absolute path, and its time span in milliseconds. */
export interface Settings extends Omit<typeof DEFAULTS, 'touchDelay'> {
  path: string
  touchDelay: number
  onWarning: (warning: Error) => void
  now: (() => number) | undefined
}

type Check = [valid: (value: unknown) => boolean, expected: string]

const NUMBER: Check = [
  (value) => value === Infinity || (Number.isSafeInteger(value) && (value as number) >= 1),
  'a whole number of at least 1, or Infinity'
]
const PATH = 'the path of a file, not a URL'
const FUNCTION: Check = [(value) => typeof value === 'function', 'a function']

/** Every option but `touchDelay`, which {@link milliseconds} checks. */
const CHECKS: Record<Exclude<keyof SqliteOptions, 'touchDelay'>, Check> = {
  path: [isFilePath, PATH],
  durability: [(value) => value === 'power' || value === 'process', "'power' or 'process'"],
  maxBytes: [
    (value) => value === Infinity || (Number.isSafeInteger(value) && (value as number) >= 2 ** 20),
    'a whole number of at least 1,048,576, or Infinity'
  ],
  cacheBytes: NUMBER,
  maxEntries: NUMBER,
  maxStreamBytes: NUMBER,
  maxStreams: NUMBER,
  maxTombstones: NUMBER,
  onWarning: FUNCTION,
  now: FUNCTION
}

/** @throws InvalidOptionError */
export function readOptions (given: SqliteOptions): Settings {
  refuseUnset(given, ['path'])
  const { touchDelay = DEFAULTS.touchDelay, now, ...others } = given
  for (const [name, value] of Object.entries<unknown>({ ...given, path: given.path })) {
    if (name === 'touchDelay' || (value === undefined && name !== 'path')) continue
    if (!Object.hasOwn(CHECKS, name)) throw new InvalidOptionError(name, 'there is no such option')
    const [valid, expected] = CHECKS[name as keyof typeof CHECKS]
    if (!valid(value)) throw new InvalidOptionError(name, `expected ${expected}`)
  }
  const delay = milliseconds(touchDelay as Duration, 'touchDelay')
  if (delay > LONGEST_TIMER) throw new InvalidOptionError('touchDelay', `expected at most ${LONGEST_TIMER} ms`)
  const { onWarning = (warning: Error) => { process.emitWarning(warning) } } = given
  const set = Object.entries(others).filter(([, value]) => value !== undefined)
  return {
    ...DEFAULTS,
    ...Object.fromEntries(set),
    path: resolve(given.path as string),
    touchDelay: delay,
    onWarning: (warning) => {
      try {
        onWarning(warning)
      } catch (error) {
        process.emitWarning(error instanceof Error ? error : new Error('onWarning threw', { cause: error }))
      }
    },
    now
  }
}

/** The absolute path of a file. @throws InvalidOptionError */
export function readPath (value: unknown, name: string): string {
  if (!isFilePath(value)) throw new InvalidOptionError(name, `expected ${PATH}`)
  return resolve(value)
}

/** Whether a value can be the path of a file. A path has no scheme. One letter before a colon is a drive of Windows. */
export function isFilePath (value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) return false
  return !/^(:memory:|[a-z][a-z\d+.-]+:)/i.test(value)
}
