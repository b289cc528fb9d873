import { prefixOf } from './schema.js'

/** A record counts as living at a time, when this process knows no later use of it than the file. */
const LIVING = 'min(used + idle, deadline) > ?'
const HEAD = 'id, key, owner, version, created, used, idle, deadline'

/** A body. Some versions of Node take an empty array for NULL. */
const BLOB = "ifnull(?, x'')"

/** The statements on the records of a partition. */
export const recordStatements = (partition: string) => {
  const p = prefixOf(partition)
  return {
    head: `SELECT ${HEAD} FROM ${p}records WHERE key = ?`,
    body: `SELECT sum, body FROM ${p}records WHERE id = ?`,
    taken: `SELECT 1 FROM ${p}tombstones WHERE key = ? AND ends > ?`,
    amountOfOwner: `SELECT count(*) AS amount FROM ${p}records WHERE owner = ?`,
    amountUpTo: `SELECT count(*) AS amount FROM (SELECT 1 FROM ${p}records WHERE owner = ? LIMIT ?)`,
    livingUpTo: `SELECT count(*) AS amount FROM (SELECT 1 FROM ${p}records WHERE owner = ? AND ${LIVING} LIMIT ?)`,
    amount: `SELECT amount FROM counts WHERE name = '${p}records'`,
    insert: `INSERT INTO ${p}records (key, owner, version, created, used, idle, deadline, due, seen, sum, body)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ${BLOB})`,
    use: `UPDATE ${p}records SET used = max(used, ?) WHERE key = ?`,
    replace: `UPDATE ${p}records SET version = version + 1, used = max(used, ?), sum = ?, body = ${BLOB} WHERE id = ?`,
    reseal: `UPDATE ${p}records SET sum = ?, body = ${BLOB} WHERE id = ?`,
    remove: `DELETE FROM ${p}records WHERE id = ?`,
    bury: `INSERT INTO ${p}tombstones (key, ends) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET ends = excluded.ends`,
    buried: `SELECT amount FROM counts WHERE name = '${p}tombstones'`,
    unbury: `DELETE FROM ${p}tombstones WHERE key IN (SELECT key FROM ${p}tombstones ORDER BY ends LIMIT ?)`,
    unburyEnded: `DELETE FROM ${p}tombstones
      WHERE key IN (SELECT key FROM ${p}tombstones WHERE ends <= ? ORDER BY ends LIMIT ?)`,
    ofOwner: `SELECT ${HEAD} FROM ${p}records WHERE owner = ? AND id > ? ORDER BY id LIMIT ?`,
    list: `SELECT ${HEAD}, sum, body FROM ${p}records WHERE id > ? ORDER BY id LIMIT ?`,
    listOfOwner: `SELECT ${HEAD}, sum, body FROM ${p}records WHERE owner = ? AND id > ? ORDER BY id LIMIT ?`,
    listHeads: `SELECT ${HEAD} FROM ${p}records WHERE id > ? ORDER BY id LIMIT ?`,
    due: `SELECT ${HEAD}, sum, body FROM ${p}records WHERE due <= ? ORDER BY due LIMIT ?`,
    anyDue: `SELECT 1 FROM ${p}records WHERE due <= ? LIMIT 1`,
    postpone: `UPDATE ${p}records SET due = ? WHERE id = ?`,
    unseen: `SELECT ${HEAD}, seen FROM ${p}records WHERE owner = ? AND seen <= ? ORDER BY seen LIMIT ?`,
    see: `UPDATE ${p}records SET seen = ? WHERE id = ?`
  }
}

/** The statements on the streams of a partition. */
export const streamStatements = (partition: string) => {
  const p = prefixOf(partition)
  return {
    stream: `SELECT * FROM ${p}streams WHERE record = ? AND name = ?`,
    ofRecord: `SELECT * FROM ${p}streams WHERE record = ? ORDER BY id`,
    amount: `SELECT count(*) AS amount FROM ${p}streams WHERE record = ?`,
    oldestEnded: `SELECT id FROM ${p}streams WHERE record = ? AND ended > 0 ORDER BY ended LIMIT 1`,
    insert: `INSERT INTO ${p}streams (record, name, head, last, floor, bytes, ended, delivered)
      VALUES (?, ?, ${BLOB}, ?, ?, ?, 0, ?)`,
    setHead: `UPDATE ${p}streams SET head = ${BLOB} WHERE id = ?`,
    update: `UPDATE ${p}streams SET last = ?, floor = ?, bytes = ? WHERE id = ?`,
    end: `UPDATE ${p}streams SET ended = (SELECT max(ended) + 1 FROM ${p}streams WHERE record = ?) WHERE id = ?`,
    deliver: `UPDATE ${p}streams SET delivered = max(delivered, ?) WHERE record = ? AND name = ?`,
    abandon: `UPDATE ${p}streams SET record = 0, name = CAST(id AS TEXT) WHERE id = ?`,
    abandonAll: `UPDATE ${p}streams SET record = 0, name = CAST(id AS TEXT) WHERE record = ?`,
    abandoned: `SELECT id FROM ${p}streams WHERE record = 0 LIMIT 1`,
    deleteSome: `DELETE FROM ${p}events WHERE stream = ?
      AND position IN (SELECT position FROM ${p}events WHERE stream = ? LIMIT ?)`,
    remove: `DELETE FROM ${p}streams WHERE id = ?`,
    append: `INSERT INTO ${p}events (stream, position, sum, body) VALUES (?, ?, ?, ${BLOB})`,
    size: `SELECT length(body) AS size FROM ${p}events WHERE stream = ? AND position = ?`,
    trim: `DELETE FROM ${p}events WHERE stream = ? AND position <= ?`,
    clear: `DELETE FROM ${p}events WHERE stream = ?`,
    after: `SELECT position, sum, body FROM ${p}events WHERE stream = ? AND position > ? ORDER BY position LIMIT ?`,
    all: `SELECT position, sum, body FROM ${p}events WHERE stream = ? ORDER BY position`
  }
}
