export { SQLITE_ERRORS, SqliteError, type SqliteErrorCode } from './errors.js'
export type { SqliteOptions } from './options.js'
export { sqlite } from './sqlite.js'
