import type { Handle } from './driver.js'
import { SqliteError } from './errors.js'

/** "Hldf", the mark of our databases in the header of the file. */
const APPLICATION_ID = 0x486c6466

/**
 * The steps from each version of the schema to the next. Only additions: an older release may have the file open
 * during a rolling update, and refuses it once its version is newer.
 */
const STEPS: readonly string[] = [`
  CREATE TABLE clock (id INTEGER PRIMARY KEY, boot TEXT NOT NULL, offset REAL NOT NULL, mark REAL NOT NULL) STRICT;
  CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO facts VALUES ('token', hex(randomblob(16)));
  INSERT INTO facts VALUES ('checkpoints', '0');
  CREATE TABLE replicas (replica TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE listeners (
    channel TEXT NOT NULL, socket TEXT NOT NULL, amount INTEGER NOT NULL, PRIMARY KEY (channel, socket)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE counts (name TEXT PRIMARY KEY, amount INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`]

/**
 * Makes the tables in a new file, and takes older ones to the present version. Call it within a transaction.
 *
 * @throws SqliteError SQLITE_FOREIGN, SQLITE_NEWER
 */
export function migrate (handle: Handle, steps = STEPS): void {
  const version = checkVersion(handle, steps)
  for (const step of steps.slice(version)) handle.exec(step)
  if (version < steps.length) {
    handle.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${steps.length}`)
  }
}

/**
 * The version of the schema of a file; 0 for an empty one.
 *
 * @throws SqliteError SQLITE_FOREIGN, SQLITE_NEWER
 */
export function checkVersion (handle: Handle, steps = STEPS): number {
  // In this order: another process may make the tables, and with them the mark, between the two.
  const tables = (handle.prepare('SELECT count(*) AS amount FROM sqlite_schema').get() as { amount: number }).amount
  const application = pragma(handle, 'application_id')
  if (application !== APPLICATION_ID && (application !== 0 || tables > 0)) throw new SqliteError('SQLITE_FOREIGN')
  const version = pragma(handle, 'user_version')
  if (version > steps.length) throw new SqliteError('SQLITE_NEWER')
  return version
}

/** The value of a pragma that has one number. */
export function pragma (handle: Handle, name: string): number {
  const [value] = Object.values(handle.prepare(`PRAGMA ${name}`).get() as Record<string, number>)
  return value as number
}

/**
 * The tables of a partition. A stream of record 0 was given up, see `AbandonedStreams`. `body` is the last column, so
 * that a new last use is written in place. No index contains `used`: `due` and `seen` are what it was when somebody
 * last looked, as in the other backends.
 *
 * @param p the prefix of the names, see {@link prefixOf}
 */
export const tablesOf = (p: string): string => `
  CREATE TABLE IF NOT EXISTS ${p}records (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, version INTEGER NOT NULL,
    created INTEGER NOT NULL, used INTEGER NOT NULL, idle INTEGER NOT NULL, deadline INTEGER NOT NULL,
    due INTEGER NOT NULL, seen INTEGER NOT NULL, sum INTEGER NOT NULL, body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS ${p}by_owner ON ${p}records (owner, id);
  CREATE INDEX IF NOT EXISTS ${p}by_seen ON ${p}records (owner, seen);
  CREATE INDEX IF NOT EXISTS ${p}by_due ON ${p}records (due);
  CREATE TABLE IF NOT EXISTS ${p}tombstones (key TEXT PRIMARY KEY, ends INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS ${p}by_end ON ${p}tombstones (ends);
  CREATE TABLE IF NOT EXISTS ${p}streams (
    id INTEGER PRIMARY KEY, record INTEGER NOT NULL, name TEXT NOT NULL, head BLOB NOT NULL, last INTEGER NOT NULL,
    floor INTEGER NOT NULL, bytes INTEGER NOT NULL, ended INTEGER NOT NULL, delivered INTEGER NOT NULL,
    UNIQUE (record, name)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS ${p}events (
    stream INTEGER NOT NULL, position INTEGER NOT NULL, sum INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (stream, position)
  ) STRICT, WITHOUT ROWID;
  INSERT OR IGNORE INTO counts VALUES ('${p}records', 0), ('${p}tombstones', 0);
  CREATE TRIGGER IF NOT EXISTS ${p}record_made AFTER INSERT ON ${p}records BEGIN
    UPDATE counts SET amount = amount + 1 WHERE name = '${p}records';
  END;
  CREATE TRIGGER IF NOT EXISTS ${p}record_gone AFTER DELETE ON ${p}records BEGIN
    UPDATE counts SET amount = amount - 1 WHERE name = '${p}records';
    UPDATE ${p}streams SET record = 0, name = CAST(id AS TEXT) WHERE record = OLD.id;
  END;
  CREATE TRIGGER IF NOT EXISTS ${p}stream_gone AFTER DELETE ON ${p}streams BEGIN
    DELETE FROM ${p}events WHERE stream = OLD.id;
  END;
  CREATE TRIGGER IF NOT EXISTS ${p}tombstone_made AFTER INSERT ON ${p}tombstones BEGIN
    UPDATE counts SET amount = amount + 1 WHERE name = '${p}tombstones';
  END;
  CREATE TRIGGER IF NOT EXISTS ${p}tombstone_gone AFTER DELETE ON ${p}tombstones BEGIN
    UPDATE counts SET amount = amount - 1 WHERE name = '${p}tombstones';
  END;
`

/** The prefix of the names of a partition's tables. The tables of the backend itself have none. */
export function prefixOf (partition: string): string {
  return partition === '' ? '' : `${partition}_`
}
