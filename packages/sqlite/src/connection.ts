import { type Handle, type Statement, type Value, findDriver } from './driver.js'
import { SQLITE_ERRORS, SqliteError, translate } from './errors.js'
import { FileIdentity } from './file-identity.js'
import { OpenMarker } from './open-marker.js'
import type { Settings } from './options.js'
import { preparePlace } from './place.js'
import { prepare } from './prepare.js'
import { pragma } from './schema.js'
import { WalIndex } from './wal-index.js'

/** Milliseconds until a file that could not be opened is tried again. */
const REOPEN_AFTER = 1000

/** Milliseconds that the first attempt to open may block the process. Later ones serve requests, and must not block. */
const OPEN_WAIT = 2000

/** Milliseconds between two looks at the files beside and behind the connection. */
const WATCH_INTERVAL = 5000

/**
 * Connections to files that were deleted or replaced while they were open, with their statements. They stay open until
 * the process ends: closing one would delete the `-wal` file that has its name now.
 */
const STRANDED: unknown[] = []

/**
 * The connection of this process to the file. Statements run in the calling turn of the event loop. A file that cannot
 * be opened is tried again at a later call; a file that proves damaged stays shut until the process ends.
 */
export class Connection {
  /** Changes whenever what was read before may be out of date: another connection wrote, or a transaction failed. */
  epoch = 0
  #handle: Handle | undefined
  readonly #statements = new Map<string, Statement>()
  readonly #marker: OpenMarker
  #failure: Error | undefined
  #triedAt = -Infinity
  #index: WalIndex | undefined
  #dataVersion = 0
  #fresh = false
  /** Pages that new content may take in this transaction. */
  #free: number | undefined
  #limits = { clock: 0, maxPages: Infinity, pageSize: 1 }
  #identity: FileIdentity | undefined
  #watch: NodeJS.Timeout | undefined
  #patience = OPEN_WAIT
  /** An attempt failed after SQLite had opened the file. That connection may close, and move everything, later. */
  #gaveUp = false
  #ended = false

  /** @param watchInterval milliseconds between two looks whether the file is still in its place */
  constructor (private readonly settings: Settings, private readonly watchInterval = WATCH_INTERVAL) {
    this.#marker = new OpenMarker(settings.path)
  }

  get path (): string { return this.settings.path }

  /** The inode of the database. Only valid while the file is open. */
  get inode (): number | undefined { return this.#identity?.inode }

  /** Whether the path still names the file that is open. Only valid while the file is open. */
  async isInPlace (): Promise<boolean> {
    return await this.#identity?.isSame() === true
  }

  /** Whether calls fail without a look at the file. */
  get broken (): boolean { return this.#failure !== undefined }

  /** Milliseconds since the epoch. Only valid while the file is open. */
  now (): number {
    return this.settings.now?.() ?? Math.floor(performance.now() + this.#limits.clock)
  }

  /**
   * Opens the file unless it is open.
   *
   * @throws SqliteError, HoldfastError HOLDFAST_BACKEND_FULL
   */
  open (): Handle {
    if (this.#ended) throw new SqliteError('SQLITE_CLOSED')
    if (this.#handle !== undefined && this.#failure === undefined) return this.#handle
    if (this.#failure !== undefined) {
      if (this.#handle !== undefined || performance.now() - this.#triedAt < REOPEN_AFTER) throw this.#failure
    }
    this.#triedAt = performance.now()
    try {
      this.#handle = this.#connect()
      this.#failure = undefined
      return this.#handle
    } catch (error) {
      this.#failure = translate(error)
      throw this.#failure
    }
  }

  /** Makes all calls fail with an error until {@link recovered}. */
  fail (error: Error): void {
    this.#failure = error
  }

  recovered (): void {
    this.#failure = undefined
  }

  /**
   * Runs statements.
   *
   * @throws SqliteError, HoldfastError HOLDFAST_BACKEND_FULL
   */
  ask<T> (work: () => T): T {
    this.open()
    try {
      return work()
    } catch (error) {
      throw this.#noted(error)
    }
  }

  /** Like {@link ask}, in one transaction. Nobody else writes meanwhile. */
  transaction<T> (work: () => T): T {
    return this.#within('BEGIN IMMEDIATE', () => {
      this.#free = undefined
      this.#glance()
      return work()
    })
  }

  /** Like {@link ask}, but all statements see the file as it is at one moment, although others write. */
  snapshot<T> (work: () => T): T {
    return this.#within('BEGIN', () => {
      // This is the first statement, and so decides which moment it is.
      this.#look()
      return work()
    })
  }

  get<Row> (sql: string, ...parameters: Value[]): Row | undefined {
    return this.#prepared(sql).get(...parameters) as Row | undefined
  }

  all<Row> (sql: string, ...parameters: Value[]): Row[] {
    return this.#prepared(sql).all(...parameters) as Row[]
  }

  /** @returns the number of rows that a change concerned */
  run (sql: string, ...parameters: Value[]): number {
    return Number(this.#prepared(sql).run(...parameters).changes)
  }

  /** @returns the id of the new row */
  insert (sql: string, ...parameters: Value[]): number {
    return Number(this.#prepared(sql).run(...parameters).lastInsertRowid)
  }

  execute (sql: string): void {
    this.#handle?.exec(sql)
  }

  /**
   * Looks whether another connection wrote. Calls without a pause between them share one look. It costs more than all
   * else that a touch does.
   */
  refresh (): void {
    if (this.#fresh) return
    this.#glance()
    this.#fresh = true
    queueMicrotask(() => { this.#fresh = false })
  }

  #glance (): void {
    if (this.#index?.changed() === false) return
    this.#look()
    this.#index?.asked()
  }

  #look (): void {
    const version = this.#number('data_version')
    if (version === this.#dataVersion) return
    this.#dataVersion = version
    this.epoch++
  }

  /** Whether new content has room within `maxBytes`. It counts what it granted in this transaction. */
  hasRoom (bytes: number): boolean {
    const { maxPages, pageSize } = this.#limits
    if (maxPages === Infinity) return true
    this.#free ??= maxPages - this.#number('page_count') + this.#number('freelist_count')
    const needed = bytes / pageSize
    if (this.#free <= needed) return false
    this.#free -= needed
    return true
  }

  /**
   * Closes the file. If no other process has it open, the database then has all that the `-wal` file had. Reports what
   * the system refuses.
   */
  close (): void {
    this.#ended = true
    clearInterval(this.#watch)
    const handle = this.#handle
    if (handle === undefined) return
    try {
      if (this.#identity?.isSameNow() === true) this.#marker.without(() => { this.#end(handle) })
      else STRANDED.push(handle, ...this.#statements.values())
    } catch (error) {
      this.settings.onWarning(translate(error))
    }
    this.#handle = undefined
  }

  #end (handle: Handle): void {
    this.#emptyWal()
    this.#statements.clear()
    handle.close()
    this.#index?.close()
  }

  /** SQLite does so itself when it closes, but @photostructure/sqlite closes only when its statements are collected. */
  #emptyWal (): void {
    if (this.broken) return
    try {
      // The first one lets other processes write meanwhile, and leaves little to the second one.
      for (const mode of ['PASSIVE', 'TRUNCATE']) this.run(`PRAGMA wal_checkpoint(${mode})`)
    } catch {
      // What could not be moved stays in the -wal file, and the next process finds it there.
    }
  }

  #connect (): Handle {
    const { path } = this.settings
    const patience = this.#patience
    this.#patience = 0
    preparePlace(path)
    if (this.#gaveUp) this.#marker.forgive()
    const isOfThisRun = this.#marker.check()
    const handle = new (findDriver().DatabaseSync)(path)
    try {
      this.#limits = prepare(handle, this.settings, patience)
      this.#marker.put(isOfThisRun || restartWal(handle))
      this.#identity = new FileIdentity(path)
      this.#dataVersion = pragma(handle, 'data_version')
      this.#index = WalIndex.open(path)
    } catch (error) {
      this.#giveUp(handle)
      throw error
    }
    this.epoch++
    this.#watch = setInterval(() => { void this.#lookAround() }, this.watchInterval).unref()
    return handle
  }

  #giveUp (handle: Handle): void {
    this.#gaveUp = true
    try {
      this.#marker.without(() => { handle.close() })
    } catch {
      // The failure to open is the one to tell.
    }
  }

  async #lookAround (): Promise<void> {
    try {
      if (await this.isInPlace()) return this.#marker.keep()
      clearInterval(this.#watch)
      if (!this.#ended) this.fail(new SqliteError('SQLITE_REPLACED'))
    } catch (error) {
      this.settings.onWarning(translate(error))
    }
  }

  #within<T> (begin: string, work: () => T): T {
    return this.ask(() => {
      this.run(begin)
      try {
        const result = work()
        this.run('COMMIT')
        return result
      } catch (error) {
        this.#rollBack()
        throw error
      }
    })
  }

  #number (name: string): number {
    return this.get<Record<string, number>>(`PRAGMA ${name}`)?.[name] as number
  }

  #prepared (sql: string): Statement {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = (this.#handle as Handle).prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  #rollBack (): void {
    this.epoch++
    try {
      this.run('ROLLBACK')
    } catch {
      // SQLite has rolled back by itself: the disk is full, or failed.
    }
  }

  #noted (error: unknown): Error {
    const failure = translate(error)
    if (failure instanceof SqliteError && failure.code === 'SQLITE_DAMAGED') this.fail(failure)
    return failure
  }
}

/**
 * What is in the `-wal` file after a start of the machine may have gaps. It moves to the database as far as it is
 * whole, and the file begins anew, unless other processes hold that up.
 */
function restartWal (handle: Handle): boolean {
  return (handle.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number }).busy === 0
}

/** Whether the file or the machine is not suited, so that trying again is of no use. */
export function isUnsuited (error: unknown): boolean {
  return error instanceof SqliteError && SQLITE_ERRORS[error.code].unsuited
}
