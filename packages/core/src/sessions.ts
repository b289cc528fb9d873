import { randomBytes } from 'node:crypto'
import { Availability } from './availability.js'
import type { Backend } from './backend.js'
import { BoundCodec, type Codec, plain } from './codec.js'
import { type Duration, milliseconds } from './duration.js'
import { Emitter } from './emitter.js'
import { InvalidOptionError, isHoldfastError } from './errors.js'
import { Eviction } from './eviction.js'
import { claimExpired } from './expiry.js'
import { Fleet } from './fleet.js'
import { type Health, HealthCheck, type Thresholds } from './health.js'
import { type Json, isObject } from './json.js'
import { Limits } from './limits.js'
import { ROOT } from './partitions.js'
import type { Principal } from './principal.js'
import type { RecordKey } from './record.js'
import { ownerDigest } from './record-key.js'
import { type RotateOptions, type RotateReport, dropKey, keysInUse, keysOf, reseal } from './rotation.js'
import { SealedStore } from './sealed-store.js'
import type { SessionEvents } from './session-events.js'
import { isSessionId, mintSessionId } from './session-id.js'
import { notice } from './session-notice.js'
import { type SessionSummary, summarize } from './session-summary.js'
import { Session } from './session.js'
import type { ExportOptions, ExportReport } from './snapshot/export.js'
import { SnapshotKeeper } from './snapshot/keeper.js'
import type { RestoreReport } from './snapshot/report.js'
import type { RestoreRequest } from './snapshot/restore.js'
import type { SnapshotStore, SnapshotSource } from './snapshot/store.js'
import { type SessionInit, type SessionState, initialState, sessionFormat } from './state.js'
import { Vault } from './vault.js'
import { Versioned } from './versioned.js'

/** Options of {@link Sessions}. */
export interface SessionsOptions {
  /** Where sessions live. */
  backend: Backend
  /**
   * Goes into ids' keys, owners, seals and channels: what one namespace opened is a miss in every other. Lists, counts,
   * limits and sweeps are of the whole backend. Default `'mcp'`.
   */
  namespace?: string
  /**
   * How bodies, events and messages are sealed. Default: `plain`, which is refused for a durable backend and for
   * snapshots; `unsealed` says that it is meant.
   */
  codec?: Codec
  /** Where snapshots go and come from, unless a call says otherwise. */
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
   * Whether a context is as the application wants it; sessions of a snapshot with any other are
   * refused. Default: every context is.
   */
  isContext?: ((context: Json) => boolean) | undefined
}

/** Sessions that are read at a time. */
const PAGE = 100

/** Creates, finds, changes and ends sessions. */
export class Sessions extends Emitter<SessionEvents> {
  /** Where sessions are stored. For what this class does not do. */
  readonly vault: Vault<SessionState>
  /** How replicas tell each other of sessions. */
  readonly fleet: Fleet
  /** Whether this process is using a session just now; such a one is never evicted. The transport sets it. */
  inUse: (key: RecordKey) => boolean = () => false
  readonly #limits: Limits
  readonly #snapshots: SnapshotKeeper
  readonly #health: HealthCheck

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
        this.emit('unreadable', { ...notice(key, owner), kind: 'session', error })
    })
    const caps = {
      maxRecords: positive(limits.maxSessions ?? 100_000, 'limits.maxSessions'),
      maxPerOwner: positive(limits.maxPerOwner ?? 1_000, 'limits.maxPerOwner')
    }
    const evicted = async (key: RecordKey, owner: string) => await this.end(key, owner, 'evicted')
    const eviction = evict === 'idle'
      ? new Eviction(vault, vault.idle, key => this.inUse(key), evicted)
      : undefined
    this.#limits = new Limits(vault, caps, eviction, reached => this.emit('limitReached', reached))
    const destination = { vault, caps, isContext: options.isContext }
    this.#snapshots = new SnapshotKeeper(destination, options.snapshot, codec.exposes === 'memory', {
      onRestored: report => this.emit('snapshotRestored', report),
      onRestoreFailed: error => this.emit('snapshotRestoreFailed', { error })
    })
    this.#health = new HealthCheck(
      vault, options.thresholds ?? {}, (health, was) => this.emit('health', { ...health, was })
    )
    this.fleet = new Fleet(backend.bus, vault.codec, namespace, randomBytes(8).toString('hex'), error => {
      if (!vault.availability.down) this.report(error)
    })
  }

  /** Where snapshots go and come from. */
  get snapshot (): SnapshotStore | undefined { return this.#snapshots.own }

  /**
   * Whether sessions may exist that are not here, as in a snapshot whose key is missing: an
   * unknown id may be one of theirs.
   */
  get incomplete (): boolean { return this.#snapshots.incomplete }

  /**
   * Asks the backend how it is. Never rejects, and resolves within 5 s. What has changed since somebody looked last is
   * told by the event `health`: look again and again, as the plugin does.
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
  async create (init: SessionInit = {}): Promise<Session> {
    const { vault } = this
    const id = mintSessionId()
    const located = vault.locate(id, init.principal ?? null)
    const { key, owner } = located
    const { body, value: state } = vault.format.begin(initialState(init), 'create')
    await this.#limits.create(vault.record(located, await vault.seal(key, body)))
    this.emit('created', { ...notice(key, owner), principal: state.principal, client: state.client })
    return new Session(id, new Versioned(key, owner, 1, state, vault))
  }

  /**
   * The session of an id and a principal, used just now. `undefined` when it is unknown, expired, terminated or
   * somebody else's: nothing tells these apart.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_INVALID_STATE, or what the codec throws
   */
  async open (id: string, principal: Principal | null): Promise<Session | undefined> {
    const found = isSessionId(id) ? await this.vault.open(this.vault.locate(id, principal).key) : undefined
    return found && new Session(id, found)
  }

  /** Extends a session and takes over what others changed. False when it is gone. One round trip. */
  touch (session: Session): Promise<boolean> {
    return this.vault.touch(session.record)
  }

  /** What is known of a session, without using it. */
  async get (id: string, principal: Principal | null): Promise<SessionSummary | undefined> {
    return isSessionId(id) ? await this.getByKey(this.vault.locate(id, principal).key) : undefined
  }

  /** {@link get} by key, as listed. */
  async getByKey (key: RecordKey): Promise<SessionSummary | undefined> {
    const record = await this.vault.read(key)
    return record && await summarize(this.vault, record)
  }

  /**
   * Ends a session everywhere. False when there was none.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE; HOLDFAST_SNAPSHOT_FAILED when it has ended, but a crash before
   *   the next export may bring it back: ask again
   */
  async terminate (id: string, principal: Principal | null): Promise<boolean> {
    if (!isSessionId(id)) return false
    const { key, owner } = this.vault.locate(id, principal)
    return await this.end(key, owner)
  }

  /** {@link terminate} by key, as listed. */
  async end (key: RecordKey, owner: string, reason: 'terminated' | 'evicted' = 'terminated'): Promise<boolean> {
    const removed = await this.vault.remove(key)
    await this.#ended(removed === undefined ? [] : [key], owner, reason)
    return removed !== undefined
  }

  /** Ends all sessions of a principal, on every replica. Resolves to how many. */
  async terminateAll (principal: Principal): Promise<number> {
    return await this.endAll(this.#owner(principal))
  }

  /**
   * {@link terminateAll} by the owner's digest, as listed.
   *
   * @throws InvalidOptionError for `''`, which is nobody
   */
  async endAll (owner: string): Promise<number> {
    if (owner === '') throw new InvalidOptionError('owner', 'expected the digest of an owner')
    const keys = await this.vault.removeOwner(owner)
    await this.#ended(keys, owner, 'terminated')
    return keys.length
  }

  /** Ends every session there is. Resolves to how many. */
  async clear (): Promise<number> {
    let ended = 0
    for await (const { key, owner } of this.each()) if (await this.end(key, owner)) ended++
    return ended
  }

  /** A page of sessions, of one principal, of one owner's digest as listed, or of all. `limit` defaults to 100. */
  async list (
    query: { principal?: Principal, owner?: string, cursor?: string, limit?: number } = {}
  ): Promise<{ sessions: SessionSummary[], cursor?: string }> {
    const { principal, cursor } = query
    const limit = positive(query.limit ?? 100, 'limit')
    const owner = principal === undefined ? query.owner : this.#owner(principal)
    const page = await this.vault.list({
      limit,
      ...(owner !== undefined && { owner }),
      ...(cursor !== undefined && { cursor })
    })
    const sessions = await Promise.all(page.records.map(async record => await summarize(this.vault, record)))
    return page.cursor === undefined ? { sessions } : { sessions, cursor: page.cursor }
  }

  /** Every session, page by page. */
  async * each (principal?: Principal): AsyncGenerator<SessionSummary> {
    const query = { limit: PAGE, ...(principal !== undefined && { owner: this.#owner(principal) }) }
    for await (const records of this.vault.pages(query)) {
      yield * await Promise.all(records.map(async record => await summarize(this.vault, record)))
    }
  }

  /** How many sessions there are, of one principal or of all. */
  async count (principal?: Principal): Promise<number> {
    const owner = principal === undefined ? undefined : this.#owner(principal)
    return await this.vault.count(owner)
  }

  /**
   * Removes sessions that have expired, looking at no more than `limit` candidates, and reports each once in the whole
   * fleet. `more` says that others look due.
   */
  async sweep (limit = 50): Promise<{ expired: number, more: boolean }> {
    positive(limit, 'limit')
    const { expired, more } = await claimExpired(this.vault, limit)
    for (const { record: { key, owner, createdAt, usedAt }, reason } of expired) {
      this.emit('expired', { ...notice(key, owner), reason, createdAt, usedAt })
    }
    if (expired.length > 0) await this.fleet.tellGone(expired.map(({ record }) => record.key), 'expired')
    return { expired: expired.length, more }
  }

  /**
   * Writes all sessions with their streams to a sink, by default the manager's own. They stay as sealed as they are,
   * and go on here. What an earlier restore could not read of the manager's own is restored before it is replaced.
   *
   * @throws HoldfastError HOLDFAST_SNAPSHOT_FAILED, HOLDFAST_SNAPSHOT_KEPT, HOLDFAST_BACKEND_UNAVAILABLE
   * @throws InvalidOptionError without a sink, or with the codec `plain`
   */
  async exportSessionState (sink?: SnapshotStore, options: ExportOptions = {}): Promise<ExportReport> {
    try {
      const report = await this.#snapshots.export(sink, options)
      this.emit('snapshotExported', report)
      return report
    } catch (error) {
      if (!(error instanceof InvalidOptionError)) this.emit('snapshotExportFailed', { error })
      throw error
    }
  }

  /**
   * Brings back the sessions of a snapshot, or of n8n-mcp with `n8nMcp`. They keep their ids, ages and limits; what
   * is there already, has ended or has expired stays as it is. Never rejects because of what the snapshot holds:
   * the report says what was wrong.
   *
   * @throws HoldfastError HOLDFAST_SNAPSHOT_FAILED when it cannot be read, HOLDFAST_BACKEND_UNAVAILABLE
   * @throws InvalidOptionError without a place to read from
   */
  async restoreSessionState (source?: SnapshotSource, options: RestoreRequest = {}): Promise<RestoreReport> {
    return await this.#snapshots.restore(source, options)
  }

  /**
   * Seals anew, under the active key, whatever is sealed with an older one, and writes the manager's snapshot again.
   * Neither a use nor a change of a session.
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
   * How many bodies and events each key is needed for, by its id, in the backend and in the manager's snapshot, whose
   * header counts as one. Looks at all of them.
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

  /** Tells `error` listeners of what concerns no caller. An outage has its own event. */
  report (error: unknown): void {
    if (!isHoldfastError(error, 'HOLDFAST_BACKEND_UNAVAILABLE')) this.emit('error', { error })
  }

  async #ended (keys: RecordKey[], owner: string, reason: 'terminated' | 'evicted'): Promise<void> {
    for (const key of keys) this.emit('terminated', { ...notice(key, owner), reason })
    if (keys.length > 0) await this.fleet.tellGone(keys, 'terminated')
    await this.#snapshots.forget(keys)
  }

  /** A null that got past the types must not mean everyone, or every session without an owner. */
  #owner (principal: Principal): string {
    if (principal === null) throw new InvalidOptionError('principal', 'expected a principal')
    return ownerDigest(this.vault.namespace, principal)
  }
}

function positive (value: number, path: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new InvalidOptionError(path, 'expected a positive whole number')
}
