import { AbandonedStreams } from './abandoned-streams.js'
import type { Connection } from './connection.js'
import type { Durability } from './durability.js'
import { type Head, Heads } from './heads.js'
import type { Settings } from './options.js'
import { tablesOf, prefixOf } from './schema.js'
import { recordStatements, streamStatements } from './statements.js'
import { Touches } from './touches.js'
import type { Turns } from './turns.js'

/** What the records and the streams of one partition share. */
export class Partition {
  readonly sql: ReturnType<typeof recordStatements>
  readonly streamSql: ReturnType<typeof streamStatements>
  readonly touches: Touches
  readonly heads: Heads
  readonly abandoned: AbandonedStreams
  /** Resolves when the tables of the partition exist. */
  #making: Promise<void> | undefined
  #made = false

  /** @param name '' for the backend itself */
  constructor (
    readonly connection: Connection,
    private readonly turns: Turns,
    private readonly durability: Durability,
    private readonly name: string,
    { touchDelay, onWarning }: Pick<Settings, 'touchDelay' | 'onWarning'>
  ) {
    this.sql = recordStatements(name)
    this.streamSql = streamStatements(name)
    this.touches = new Touches(connection, turns, this.sql.use, touchDelay, onWarning)
    this.heads = new Heads(connection, this.sql, this.touches.unwritten)
    this.touches.heads = this.heads
    this.abandoned = new AbandonedStreams(connection, turns, this.streamSql)
  }

  /**
   * Runs a write, see {@link Turns.write}.
   *
   * @param run gets the time
   */
  async write<T> (run: (now: number) => T, durable = true): Promise<T> {
    if (!this.#made) await this.#ready()
    return await this.turns.write(() => run(this.connection.now()), durable)
  }

  /** Runs a read of one statement at once. */
  // Not async, as Turns.read.
  read<T> (run: (now: number) => T | Promise<T>): Promise<T> {
    if (!this.#made) return this.#ready().then(() => this.read(run))
    return this.turns.read(() => {
      this.connection.refresh()
      return run(this.connection.now())
    })
  }

  /** Runs a read of several statements at once, which all see the same moment. */
  async readTogether<T> (run: (now: number) => T): Promise<T> {
    if (!this.#made) await this.#ready()
    return await this.turns.read(() => this.connection.snapshot(() => run(this.connection.now())))
  }

  /** Deletes a record, and gives up its streams. Within a write. */
  delete (head: Head): void {
    this.connection.run(this.sql.remove, head.id)
    this.heads.forget(head.key)
    this.abandoned.plan()
  }

  /** Resolves when the disk has what was committed so far. */
  async confirm (): Promise<void> {
    await this.durability.confirm()
  }

  async #ready (): Promise<void> {
    this.#making ??= this.#make()
    await this.#making
  }

  async #make (): Promise<void> {
    try {
      await this.turns.write(() => { this.connection.execute(tablesOf(prefixOf(this.name))) }, false)
      this.#made = true
      this.abandoned.plan()
    } finally {
      this.#making = undefined
    }
  }
}
