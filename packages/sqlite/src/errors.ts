import { type ErrorCode, HoldfastError } from '@holdfast/core'

interface Kind {
  /** Primary result codes of SQLite, see https://sqlite.org/rescode.html. */
  results: readonly number[]
  message: string
  /** Whether the same call may succeed later, without any change by an operator. */
  retryable: boolean
  /**
   * Whether {@link sqlite} throws it at once: the file or the machine is not suited. Any other failure makes calls
   * reject until it is over.
   */
  unsuited: boolean
}

/** Every failure of SQLite or of the file. The README lists the same table. */
export const SQLITE_ERRORS = {
  SQLITE_ENGINE: {
    results: [],
    message: 'No SQLite of version 3.51.3 or later. Use Node 22.23.3 or 24.21, or later versions of these lines, or ' +
      'install @photostructure/sqlite 1.x.',
    retryable: false,
    unsuited: true
  },
  SQLITE_PATH: {
    results: [],
    message: 'The path is a symbolic link, or no regular file.',
    retryable: false,
    unsuited: true
  },
  SQLITE_FOLDER: {
    results: [],
    message: 'The folder of the file does not exist, and cannot be made.',
    retryable: false,
    unsuited: true
  },
  SQLITE_MISSING: {
    results: [],
    message: 'There is no database at the path. Nothing was made.',
    retryable: false,
    unsuited: false
  },
  SQLITE_EXPOSED: {
    results: [],
    message: 'Other users can read the folder of the file. Give the file a folder of its own with mode 0700.',
    retryable: false,
    unsuited: true
  },
  SQLITE_NETWORK: {
    results: [],
    message: 'The file is on a network file system, or on one that may be (FUSE). SQLite cannot share it safely. ' +
      'Use a local disk.',
    retryable: false,
    unsuited: true
  },
  SQLITE_FOREIGN: {
    results: [],
    message: 'The file is the database of another application.',
    retryable: false,
    unsuited: true
  },
  SQLITE_NEWER: {
    results: [],
    message: 'A newer version of Holdfast has written the file.',
    retryable: false,
    unsuited: true
  },
  SQLITE_BUSY: {
    results: [5, 6, 15],
    message: 'Another process keeps the file locked.',
    retryable: true,
    unsuited: false
  },
  SQLITE_UNWRITABLE: {
    results: [3, 8, 14, 23],
    message: 'The file or its folder cannot be opened for writing.',
    retryable: false,
    unsuited: false
  },
  SQLITE_IO: {
    results: [10, 22],
    message: 'The disk refused to read or write.',
    retryable: true,
    unsuited: false
  },
  SQLITE_UNSYNCED: {
    results: [],
    message: 'The disk did not confirm a write. The write may or may not last.',
    retryable: true,
    unsuited: false
  },
  SQLITE_DAMAGED: {
    results: [11, 26],
    message: 'The file is damaged, or no database. It is kept as it is; see holdfast doctor.',
    retryable: false,
    unsuited: false
  },
  SQLITE_DAMAGED_BODY: {
    results: [],
    message: 'A stored record or event is damaged. It is kept as it is, and the others are served.',
    retryable: false,
    unsuited: false
  },
  SQLITE_WAL_MISSING: {
    results: [],
    message: 'The -wal file is missing although a process ended without closing the file. Writes may be lost.',
    retryable: false,
    unsuited: false
  },
  SQLITE_REPLACED: {
    results: [],
    message: 'The file or its -wal file was deleted or replaced while it was open. Restart all processes that use it.',
    retryable: false,
    unsuited: false
  },
  SQLITE_TARGET: {
    results: [],
    message: 'The target of the backup exists or cannot be written, or its folder does not exist. Name a new file.',
    retryable: false,
    unsuited: false
  },
  SQLITE_TARGET_FULL: {
    results: [],
    message: 'The disk of the backup has no room left.',
    retryable: false,
    unsuited: false
  },
  SQLITE_UNREACHED: {
    results: [],
    message: 'Another process that uses the file cannot be reached. It misses messages.',
    retryable: true,
    unsuited: false
  },
  SQLITE_CLOSED: {
    results: [],
    message: 'The backend is closed.',
    retryable: false,
    unsuited: false
  },
  SQLITE_FAILED: {
    results: [],
    message: 'SQLite refused a statement.',
    retryable: false,
    unsuited: false
  }
} as const satisfies Record<string, Kind>

/** A key of {@link SQLITE_ERRORS}. */
export type SqliteErrorCode = keyof typeof SQLITE_ERRORS

/**
 * A failure of SQLite or of the file. Its message is constant and it has no cause, since errors of SQLite may carry
 * statements and paths.
 */
export class SqliteError extends Error {
  override readonly name = 'SqliteError'
  readonly retryable: boolean
  constructor (readonly code: SqliteErrorCode) {
    super(SQLITE_ERRORS[code].message)
    this.retryable = SQLITE_ERRORS[code].retryable
  }
}

/** SQLITE_FULL, SQLITE_TOOBIG and SQLITE_NOMEM. */
const FULL: readonly unknown[] = [7, 13, 18]

/** The error to throw for an error of SQLite, or of a call of the system. */
export function translate (error: unknown): SqliteError | HoldfastError {
  if (error instanceof SqliteError || error instanceof HoldfastError) return error
  const { errcode, code } = error as { errcode?: number, code?: unknown }
  if (errcode === undefined) return systemError(code)
  const result = errcode & 0xff
  if (FULL.includes(result)) return new HoldfastError('HOLDFAST_BACKEND_FULL')
  const codes = Object.keys(SQLITE_ERRORS) as SqliteErrorCode[]
  const matching = codes.find((code) => (SQLITE_ERRORS[code].results as readonly number[]).includes(result))
  return new SqliteError(matching ?? 'SQLITE_FAILED')
}

/** The error of a code that came from another thread. */
export function failureOf (code: SqliteErrorCode | ErrorCode): SqliteError | HoldfastError {
  const isOurs = Object.hasOwn(SQLITE_ERRORS, code)
  return isOurs ? new SqliteError(code as SqliteErrorCode) : new HoldfastError(code as ErrorCode)
}

/** Whether another process keeps the file locked for now. */
export function isBusy (error: unknown): boolean {
  const failure = translate(error)
  return failure instanceof SqliteError && failure.code === 'SQLITE_BUSY'
}

function systemError (given: unknown): SqliteError | HoldfastError {
  const code = String(given)
  if (code === 'ENOSPC' || code === 'EDQUOT') return new HoldfastError('HOLDFAST_BACKEND_FULL')
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return new SqliteError('SQLITE_UNWRITABLE')
  return new SqliteError(code.startsWith('E') && !code.startsWith('ERR_') ? 'SQLITE_IO' : 'SQLITE_FAILED')
}
