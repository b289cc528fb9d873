import { SQLITE_ERRORS, type SqliteErrorCode } from './errors.js'

type Own = 'SQLITE_READABLE' | 'SQLITE_LITTLE_SPACE' | 'SQLITE_NEARLY_FULL' | 'SQLITE_LONG_WAL'

/** A key of {@link SQLITE_RISKS}: a reason why a file is not safe for sessions, or what is wrong with it. */
export type SqliteRiskCode = SqliteErrorCode | Own

const messages = Object.fromEntries(
  Object.entries(SQLITE_ERRORS).map(([code, { message }]) => [code, message])
) as Record<SqliteErrorCode, string>

/** What {@link examineFile} can find: every failure of {@link SQLITE_ERRORS}, and what may become one. */
export const SQLITE_RISKS: Readonly<Record<SqliteRiskCode, string>> = {
  ...messages,
  SQLITE_DAMAGED: 'The file is damaged, or no database. Stop the servers, keep a copy of the file and its -wal file, ' +
    'and then restore a backup, or rebuild the file: sqlite3 <file> .recover | sqlite3 <new file>.',
  SQLITE_DAMAGED_BODY: 'Stored records or events are damaged. They are kept as they are, and the others are served. ' +
    'Only a backup has them.',
  SQLITE_WAL_MISSING: 'The -wal file is missing although a process ended without closing the file. Writes may be ' +
    'lost. Put the -wal file back, or restore a backup. To go on without the lost writes, delete the -open file.',
  SQLITE_READABLE: 'Other users may read the file. Give it mode 0600.',
  SQLITE_LITTLE_SPACE: 'The disk has less free space than the file and its -wal file may still need.',
  SQLITE_NEARLY_FULL: 'The file has used nine tenths of maxBytes. At maxBytes, new sessions are refused.',
  SQLITE_LONG_WAL: 'The -wal file is longer than 80 MiB. A stopped process or a long read keeps it from being ' +
    'shortened.'
}
