import { randomBytes } from 'node:crypto'
import { Availability } from './availability.js'
import type { Backend } from './backend.js'
import { BoundCodec, type Codec, plain } from './codec.js'
import { type Duration, milliseconds } from './duration.js'
import { Emitter } from './emitter.js'
import { Endings, type OnEnd } from './endings.js'
import { InvalidOptionError, isHoldfastError } from './errors.js'
import { Eviction } from './eviction.js'
import { claimExpired } from './expiry.js'
import { Fleet } from './fleet.js'
import { type Health, HealthCheck, type Thresholds } from './health.js'
import { type Json, type JsonObject, isObject } from './json.js'
import { Limits } from './limits.js'
import { ROOT } from './partitions.js'
import type { Principal } from './principal.js'
import type { RecordKey, StoredRecord } from './record.js'
import { type RotateOptions, type RotateReport, dropKey, keysInUse, keysOf, reseal } from './rotation.js'
import { type Located, SealedStore } from './sealed-store.js'
import type { SessionEvents } from './session-events.js'
import { sessionFormat } from './session-format.js'
import { isSessionId, mintSessionId } from './session-id.js'
import { sessionNotice } from './session-notice.js'
import { type OwnerRef, type SessionRef, locate, ownerOf } from './session-ref.js'
import { type SessionSummary, summarize } from './session-summary.js'
import { Session } from './session.js'
import type { ExportOptions, ExportReport } from './snapshot/export.js'
import { SnapshotKeeper } from './snapshot/keeper.js'
import type { RestoreReport } from './snapshot/report.js'
import type { RestoreRequest } from './snapshot/restore.js'
import type { SnapshotStore, SnapshotSource } from './snapshot/store.js'
import { type SessionInit, type SessionState, initialState } from './state.js'
import { Vault } from './vault.js'
import { Versioned } from './versioned.js'

/** Options of {@link Sessions}. */
export interface SessionsOptions {
  /** Where sessions live. */
  backend: Backend
  /**
   * Part of keys, owners, seals and channels: a session of one namespace is unknown in every other. Lists, counts,
   * limits and sweeps cover the whole backend. Default `'mcp'`.
   */
  namespace?: string
  /**
   * How bodies, events and messages are sealed. Default: `plain`, which a durable backend and snapshots refuse.
   * `unsealed` stores everything readable on purpose.
   */
  codec?: Codec
  /** The default snapshot store of exports and restores. */
  snapshot?: SnapshotStore
  ttl?: {
    /** Without use. Default 30 minutes. */
    idle?: Duration
    /** Since creation; nothing extends it. Default 7 days. */
    absolute?: Duration
  }
  limits?: {
    /** Sessions in the whole backend. Default 100,000. */
    maxSessions?: number
    /** Sessions of one principal; without a principal it does not apply. Default 1,000. */
    maxPerOwner?: number
    /**
     * At a cap, `'idle'` ends the owner's own longest-idle session that nobody is using; for a session without a
     * principal one of those that nobody has used for ten minutes. Default `'none'`.
     */
    evict?: 'idle' | 'none'
    /** Size of one session's encoded state in bytes. Default 262,144. */
    maxStateBytes?: number
  }
  /** From when on the backend counts as degraded: see {@link Sessions.health}. */
  thresholds?: Thresholds
  /**
   * Whether the application accepts a context. A restore refuses the sessions of a snapshot with any other context.
   * Default: it accepts every context.
   */
  isContext?: ((context: Json) => boolean) | undefined
  /** Runs when a session has ended. Default: nothing runs. */
  onEnd?: OnEnd | undefined
}

/** Sessions that are read at a time. */
const PAGE = 100

/**
 * Creates, finds, changes and ends sessions. `Data` is the type of what the application keeps in a session, `Context`
 * the type of what it resolved when the session began. Both are promises of the application: core stores JSON.
 */
export class Sessions<Data extends object = JsonObject, Context = Json> extends Emitter<SessionEvents> {
  /** Where and how sessions are stored. The parts of Holdfast use it; an application rarely needs it. */
  readonly vault: Vault<SessionState>
  /** The messages between replicas, and the random id of this process: `fleet.replica`. */
  readonly fleet: Fleet
  /** Whether this process uses a session at the moment. Such a session is never evicted. The transport sets it. */
  inUse: (key: RecordKey) => boolean = () => false
  readonly #limits: Limits
  readonly #snapshots: SnapshotKeeper
  readonly #health: HealthCheck
  readonly #endings: Endings

  /** @throws InvalidOptionError naming the option */
  constructor (options: SessionsOptions) {
    super()
    const { backend, namespace = 'mcp', codec = plain, ttl = {}, limits = {} } = options
    const { evict = 'none' } = limits
    if (!isObject(backend?.records)) throw new InvalidOptionError('backend', 'expected a backend, such as memory()')
    if (typeof namespace !== 'string' || namespace === '') throw new InvalidOptionError('namespace', 'expected a name')
    if (codec.exposes === 'memory' && backend.durable) {
      throw new InvalidOptionError('codec', 'a durable backend needs keys; `unsealed` stores everything readable')
    }
    if (evict !== 'idle' && evict !== 'none') throw new InvalidOptionError('limits.evict', 'expected "idle" or "none"')
    const availability = new Availability(
      error => this.emit('backendDown', { error }), () => this.emit('backendUp', {})
    )
    const forget = async (keys: readonly RecordKey[]): Promise<void> => { await this.#snapshots.forget(keys) }
    const store = new SealedStore(backend, ROOT, namespace, new BoundCodec(codec, namespace), availability, forget)
    const vault = this.vault = new Vault(store, {
      idle: milliseconds(ttl.idle ?? '30m', 'ttl.idle'),
      absolute: milliseconds(ttl.absolute ?? '7d', 'ttl.absolute'),
      format: sessionFormat(positive(limits.maxStateBytes ?? 262_144, 'limits.maxStateBytes')),
      onUnreadable: ({ key, owner }, error) =>
        this.emit('unreadable', { ...sessionNotice({ key, owner }), kind: 'session', error })
    })
    const caps = {
      maxRecords: positive(limits.maxSessions ?? 100_000, 'limits.maxSessions'),
      maxPerOwner: positive(limits.maxPerOwner ?? 1_000, 'limits.maxPerOwner')
    }
    this.#endings = new Endings(vault, options.onEnd, error => this.report(error))
    const evicted = async (key: RecordKey, owner: string) => await this.#end({ key, owner }, 'evicted')
    const eviction = evict === 'idle'
      ? new Eviction(vault, vault.idle, key => this.inUse(key), evicted)
      : undefined
    this.#limits = new Limits(vault, caps, eviction, reached => this.emit('limitReached', reached))
    const destination = { vault, caps, isContext: options.isContext }
    this.#snapshots = new SnapshotKeeper(destination, options.snapshot, codec.exposes === 'memory', {
      onRestored: report => this.emit('snapshotRestored', report),
      onRestoreFailed: error => this.emit('snapshotRestoreFailed', { error }),
      onMerged: report => this.emit('snapshotMerged', report),
      onEndedElsewhere: async keys => await this.#endedElsewhere(keys)
    })
    this.#health = new HealthCheck(
      vault, options.thresholds ?? {}, (health, was) => this.emit('health', { ...health, was })
    )
    this.fleet = new Fleet(backend.bus, vault.codec, namespace, randomBytes(8).toString('hex'), error => {
      if (!vault.availability.down) this.report(error)
    })
  }

  /** The snapshot store of the option `snapshot`. */
  get snapshot (): SnapshotStore | undefined { return this.#snapshots.own }

  /**
   * Whether sessions may exist that are not in the backend, for example in a snapshot whose key is missing. Then an
   * unknown id may be the id of one of them.
   */
  get incomplete (): boolean { return this.#snapshots.incomplete }

  /**
   * Measures the backend. Never rejects, and resolves within 5 s. When the state differs from the last measurement, the
   * event `health` tells. The plugin measures at regular intervals.
   */
  async health (): Promise<Health> {
    return await this.#health.look()
  }

  /**
   * Opens a new session under a fresh id. Durable when it resolves.
   *
   * @throws HoldfastError HOLDFAST_LIMIT_REACHED, HOLDFAST_STATE_TOO_LARGE,
   *   HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_BACKEND_FULL
   * @throws InvalidOptionError when the principal or the state that it starts from has the wrong shape
   */
  async create (init: SessionInit<Data, Context> = {}): Promise<Session<Data, Context>> {
    const { vault } = this
    const id = mintSessionId()
    const located = vault.locate(id, init.principal ?? null)
    const { key, owner } = located
    const { body, value: state } = vault.format.begin(initialState(init as SessionInit), 'create')
    await this.#limits.create(vault.record(located, await vault.seal(key, body)))
    this.emit('created', { ...sessionNotice({ key, owner }), principal: state.principal, client: state.client })
    return new Session(id, new Versioned(key, owner, 1, state, vault))
  }

  /**
   * The session of an id and a principal. Counts as a use of it. `undefined` when the session is unknown, expired,
   * terminated or somebody else's: the caller cannot tell these apart.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_INVALID_STATE, or what the codec throws
   */
  async open (id: string, principal: Principal | null): Promise<Session<Data, Context> | undefined> {
    const found = isSessionId(id) ? await this.vault.open(this.vault.locate(id, principal).key) : undefined
    return found && new Session(id, found)
  }

  /** Extends a session and takes over what others changed. False when it is gone. One round trip. */
  touch (session: Pick<Session, 'record'>): Promise<boolean> {
    return this.vault.touch(session.record)
  }

  /**
   * What is known of a session, which does not count as a use. `undefined` when there is no such session. A key alone
   * is enough.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE
   * @throws InvalidOptionError when `ref` names no session
   */
  async get (ref: SessionRef | { key: RecordKey }): Promise<SessionSummary<Data, Context> | undefined> {
    const key = isKeyOnly(ref) ? ref.key : locate(this.vault, ref)?.key
    const record = key === undefined ? undefined : await this.vault.read(key)
    return record && await this.#summarize(record)
  }

  /**
   * Ends a session on every replica. False when there was none.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE; HOLDFAST_SNAPSHOT_FAILED when the session has ended, but a
   *   crash before the next export may bring it back: call again
   * @throws InvalidOptionError when `ref` names no session
   */
  async terminate (ref: SessionRef): Promise<boolean> {
    const located = locate(this.vault, ref)
    return located !== undefined && await this.#end(located, 'terminated')
  }

  /**
   * Ends every session of one owner, on every replica. Resolves to how many.
   *
   * @throws HoldfastError as {@link terminate}
   * @throws InvalidOptionError when `ref` names no owner: sessions without a principal have none
   */
  async terminateAll (ref: OwnerRef): Promise<number> {
    const owner = ownerOf(this.vault.namespace, ref)
    if (owner === '') throw new InvalidOptionError('owner', 'expected the digest of an owner')
    if (this.#endings.wanted) return await this.#endEach({ owner })
    const keys = await this.vault.removeOwner(owner)
    await this.#ended(keys, owner, 'terminated')
    return keys.length
  }

  /** Ends every session that exists. Resolves to how many. */
  async clear (): Promise<number> {
    return await this.#endEach()
  }

  /**
   * A page of sessions, of one owner or of all. `limit` defaults to 100. A page may be shorter than its limit; the last
   * page has no `cursor`.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE
   * @throws InvalidOptionError
   */
  async list (
    query: (OwnerRef | { principal?: never, owner?: never }) & { cursor?: string, limit?: number } = {}
  ): Promise<{ sessions: Array<SessionSummary<Data, Context>>, cursor?: string }> {
    const { cursor } = query
    const limit = positive(query.limit ?? 100, 'limit')
    const page = await this.vault.list({
      limit,
      ...('owner' in query || 'principal' in query ? { owner: ownerOf(this.vault.namespace, query as OwnerRef) } : {}),
      ...(cursor !== undefined && { cursor })
    })
    const sessions = await Promise.all(page.records.map(async record => await this.#summarize(record)))
    return page.cursor === undefined ? { sessions } : { sessions, cursor: page.cursor }
  }

  /** Every session, of one owner or of all, read page by page. */
  async * each (ref?: OwnerRef): AsyncGenerator<SessionSummary<Data, Context>> {
    const owner = ref === undefined ? {} : { owner: ownerOf(this.vault.namespace, ref) }
    for await (const records of this.vault.pages({ limit: PAGE, ...owner })) {
      yield * await Promise.all(records.map(async record => await this.#summarize(record)))
    }
  }

  /** How many sessions exist, of one owner or of all. */
  async count (ref?: OwnerRef): Promise<number> {
    return await this.vault.count(ref === undefined ? undefined : ownerOf(this.vault.namespace, ref))
  }

  /**
   * Removes sessions that have expired, looking at no more than `limit` candidates, and reports each once in the whole
   * fleet. `more` says that others look due.
   */
  async sweep (limit = 50): Promise<{ expired: number, more: boolean }> {
    positive(limit, 'limit')
    const { expired, more } = await claimExpired(this.vault, limit)
    for (const { record: { key, owner, createdAt, usedAt }, reason } of expired) {
      this.emit('expired', { ...sessionNotice({ key, owner }), reason, createdAt, usedAt })
    }
    if (expired.length > 0) await this.fleet.tellGone(expired.map(({ record }) => record.key), 'expired')
    await Promise.all(expired.map(async ({ record, reason }) => await this.#endings.tell(record, reason)))
    return { expired: expired.length, more }
  }

  /**
   * Writes all sessions with their streams to a snapshot store: by default the store of the option `snapshot`. Sessions
   * stay sealed as they are, and go on here. When an earlier restore could not read a part of the own snapshot, the
   * export restores that part before it replaces the snapshot.
   *
   * @throws HoldfastError HOLDFAST_SNAPSHOT_FAILED, HOLDFAST_SNAPSHOT_KEPT, HOLDFAST_BACKEND_UNAVAILABLE
   * @throws InvalidOptionError without a snapshot store, or with the codec `plain`
   */
  async exportSessionState (store?: SnapshotStore, options: ExportOptions = {}): Promise<ExportReport> {
    try {
      const report = await this.#snapshots.export(store, options)
      this.emit('snapshotExported', report)
      return report
    } catch (error) {
      if (!(error instanceof InvalidOptionError)) this.emit('snapshotExportFailed', { error })
      throw error
    }
  }

  /**
   * Brings back the sessions of a snapshot, or of n8n-mcp with `n8nMcp`. They keep their ids, ages and limits. A
   * session that exists, has ended or has expired stays as it is. The content of a snapshot never makes it reject: the
   * report says what was wrong.
   *
   * @throws HoldfastError HOLDFAST_SNAPSHOT_FAILED when it cannot be read, HOLDFAST_BACKEND_UNAVAILABLE
   * @throws InvalidOptionError without a place to read from
   */
  async restoreSessionState (source?: SnapshotSource, options: RestoreRequest = {}): Promise<RestoreReport> {
    return await this.#snapshots.restore(source, options)
  }

  /**
   * Seals everything under the active key that is sealed under an older one, and writes the own snapshot again. It does
   * not count as a use or a change of a session.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_BACKEND_FULL, and what exporting throws
   * @throws InvalidOptionError when nothing is sealed
   */
  async rotate (options: RotateOptions = {}): Promise<RotateReport> {
    const { active } = keysOf(this.vault)
    const report = await reseal(this.vault, options)
    if (this.snapshot !== undefined) await this.exportSessionState()
    this.emit('rotated', { ...report, active })
    return report
  }

  /**
   * How many bodies and events need each key, by the id of the key, in the backend and in the own snapshot, whose
   * header counts as one. It reads all of them.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_SNAPSHOT_FAILED
   * @throws InvalidOptionError when nothing is sealed
   */
  async keysInUse (): Promise<Map<string, number>> {
    return await keysInUse(this.vault, this.snapshot)
  }

  /**
   * Forgets a key in this process, once nothing stored needs it.
   *
   * @throws HoldfastError HOLDFAST_KEY_IN_USE, HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_SNAPSHOT_FAILED
   * @throws InvalidOptionError when nothing is sealed
   */
  async dropKey (id: string): Promise<void> {
    await dropKey(this.vault, this.snapshot, id)
    this.emit('keyDropped', { id })
  }

  /** Emits `error` for a failure that concerns no caller. An outage has an event of its own. */
  report (error: unknown): void {
    if (!isHoldfastError(error, 'HOLDFAST_BACKEND_UNAVAILABLE')) this.emit('error', { error })
  }

  async #ended (keys: RecordKey[], owner: string, reason: 'terminated' | 'evicted'): Promise<void> {
    for (const key of keys) this.emit('terminated', { ...sessionNotice({ key, owner }), reason })
    if (keys.length > 0) await this.fleet.tellGone(keys, 'terminated')
    await this.#snapshots.forget(keys)
  }

  /** Other processes told the application, and noted the end beside the snapshot. */
  async #endedElsewhere (keys: ReadonlySet<RecordKey>): Promise<void> {
    const ended = []
    const stores = await this.vault.all()
    for (const key of keys) {
      for (const store of stores) {
        const removed = await store.remove(key)
        if (typeof removed !== 'object' || store.partition !== ROOT) continue
        this.emit('terminated', { ...sessionNotice({ key, owner: removed.owner }), reason: 'terminated' })
        ended.push(key)
      }
    }
    if (ended.length > 0) await this.fleet.tellGone(ended, 'terminated')
  }

  async #end ({ key, owner }: Located, reason: 'terminated' | 'evicted'): Promise<boolean> {
    const removed = await this.vault.remove(key)
    // The caller does not wait for the application.
    if (typeof removed === 'object') void this.#endings.tell(removed, reason)
    await this.#ended(removed === undefined ? [] : [key], owner, reason)
    return removed !== undefined
  }

  /** Ends sessions of one owner or of all, and then waits for the application. Resolves to how many. */
  async #endEach (owner: { owner?: string } = {}): Promise<number> {
    let ended = 0
    const told: Array<Promise<void>> = []
    const failures: unknown[] = []
    for await (const heads of this.vault.headPages({ limit: PAGE, ...owner })) {
      await Promise.all(heads.map(async ({ key, owner }) => {
        const removed = await this.vault.remove(key)
        if (removed === undefined) return
        ended++
        if (removed !== 'unseen') told.push(this.#endings.tell(removed, 'terminated'))
        // What cannot be noted beside the snapshot has ended all the same.
        await this.#ended([key], owner, 'terminated').catch(error => { failures.push(error) })
      }))
    }
    await Promise.all(told)
    if (failures.length > 0) throw failures[0]
    return ended
  }

  async #summarize (record: StoredRecord): Promise<SessionSummary<Data, Context>> {
    return await summarize(this.vault, record) as SessionSummary<Data, Context>
  }
}

function isKeyOnly (ref: SessionRef | { key: RecordKey }): ref is { key: RecordKey } {
  return isObject(ref) && 'key' in ref && typeof ref.key === 'string' && !('owner' in ref)
}

function positive (value: number, path: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new InvalidOptionError(path, 'expected a positive whole number')
}
