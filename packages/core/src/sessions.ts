import { randomBytes } from 'node:crypto'
import { Availability } from './availability.js'
import type { Backend, Created } from './backend.js'
import { BoundCodec, type Codec, type Place, plain } from './codec.js'
import { type Duration, milliseconds } from './duration.js'
import { Emitter } from './emitter.js'
import { HoldfastError, InvalidOptionError, isHoldfastError } from './errors.js'
import { Eviction } from './eviction.js'
import { Fleet } from './fleet.js'
import { type Health, HealthCheck, type Thresholds } from './health.js'
import { type Json, isObject } from './json.js'
import { isSessionId, mintSessionId, ownerDigest, recordKey } from './key.js'
import type { Principal } from './principal.js'
import { type RecordKey, type StoredRecord, expiresAt } from './record.js'
import { type SessionEvents, type SessionNotice, notice } from './session-events.js'
import { Session, type SessionStore } from './session.js'
import { Archive } from './snapshot/archive.js'
import type { ExportOptions, ExportReport } from './snapshot/export.js'
import type { N8nMcpOptions } from './snapshot/n8n-mcp.js'
import type { RestoreReport } from './snapshot/report.js'
import type { RestoreOptions } from './snapshot/restorer.js'
import type { SnapshotSink, SnapshotSource } from './snapshot/sink.js'
import { type RotateOptions, type RotateReport, dropKey, keysInUse, rotate } from './rotation.js'
import { type SessionInit, type SessionState, decodeState, encodeState, initialState } from './state.js'

/** Options of {@link Sessions}. */
export interface SessionsOptions {
  /** Where sessions live. */
  backend: Backend
  /**
   * Goes into ids' keys, owners, seals and channels: what one namespace opened is a miss in every other. Lists, counts, limits
   * and sweeps are of the whole backend. Default `'mcp'`.
   */
  namespace?: string
  /**
   * How bodies, events and messages are sealed. Default: `plain`, which is refused for a durable backend and for snapshots; `unsealed`
   * says that it is meant.
   */
  codec?: Codec
  /** Where snapshots go and come from, unless a call says otherwise. */
  snapshot?: SnapshotSink
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
     * At a cap, `'idle'` ends the owner's own longest-idle session that nobody is using; for a session without a principal one of those that nobody
     * has used for ten minutes. Default `'none'`.
     */
    evict?: 'idle' | 'none'
    /** Size of one session's encoded state in bytes. Default 262,144. */
    maxStateBytes?: number
  }
  /** From when on the backend counts as degraded: see {@link Sessions.health}. */
  thresholds?: Thresholds
}

/** What is known of a session without its id. Times in milliseconds since the epoch. */
export interface SessionSummary extends SessionNotice {
  createdAt: number
  usedAt: number
  expiresAt: number
  version: number
  /** Absent when the stored body cannot be opened. */
  state?: SessionState
}

/** Creates, finds, changes and ends sessions. The only place where a backend and a codec meet. */
export class Sessions extends Emitter<SessionEvents> implements SessionStore {
  readonly backend: Backend
  readonly codec: BoundCodec
  /** How replicas tell each other of sessions. */
  readonly fleet: Fleet
  /** Whoever uses `backend` directly asks through it. */
  readonly availability: Availability
  readonly namespace: string
  /** Milliseconds. */
  readonly idle: number
  /** Milliseconds. */
  readonly absolute: number
  readonly maxStateBytes: number
  readonly #limits: { maxRecords: number, maxPerOwner: number }
  readonly #eviction: Eviction | undefined
  /** Whether this process is using a session just now; such a one is never evicted. The transport sets it. */
  inUse: (key: RecordKey) => boolean = () => false
  /** Whether a context is as the application wants it. The plugin sets it. */
  isContext: ((context: Json) => boolean) | undefined
  readonly #archive: Archive
  readonly #health: HealthCheck

  /** @throws InvalidOptionError naming the option */
  constructor (options: SessionsOptions) {
    super()
    const { backend, namespace = 'mcp', codec = plain, ttl = {}, limits = {} } = options
    const { evict = 'none' } = limits
    if (!isObject(backend?.records)) throw new InvalidOptionError('backend', 'expected a backend, such as memory()')
    if (typeof namespace !== 'string' || namespace === '') throw new InvalidOptionError('namespace', 'expected a name')
    if (codec.exposes === 'memory' && backend.durable) throw new InvalidOptionError('codec', 'a durable backend needs keys; `unsealed` stores everything readable')
    if (evict !== 'idle' && evict !== 'none') throw new InvalidOptionError('limits.evict', 'expected "idle" or "none"')
    this.backend = backend
    this.namespace = namespace
    this.idle = milliseconds(ttl.idle ?? '30m', 'ttl.idle')
    this.absolute = milliseconds(ttl.absolute ?? '7d', 'ttl.absolute')
    this.maxStateBytes = positive(limits.maxStateBytes ?? 262_144, 'limits.maxStateBytes')
    this.#limits = {
      maxRecords: positive(limits.maxSessions ?? 100_000, 'limits.maxSessions'),
      maxPerOwner: positive(limits.maxPerOwner ?? 1_000, 'limits.maxPerOwner')
    }
    this.#eviction = evict === 'idle' ? new Eviction(this) : undefined
    this.#archive = new Archive(this, options.snapshot, codec.exposes === 'memory')
    this.#health = new HealthCheck(this, options.thresholds ?? {})
    this.codec = new BoundCodec(codec, namespace)
    this.availability = new Availability(error => this.emit('backendDown', { error }), () => this.emit('backendUp', {}))
    this.fleet = new Fleet(backend.bus, this.codec, namespace, randomBytes(8).toString('hex'), error => {
      if (!this.availability.down) this.report(error)
    })
  }

  /** Where snapshots go and come from. */
  get snapshot (): SnapshotSink | undefined { return this.#archive.own }

  /** Whether sessions may exist that are not here, as in a snapshot whose key is missing: an unknown id may be one of theirs. */
  get incomplete (): boolean { return this.#archive.incomplete }

  /**
   * Asks the backend how it is. Never rejects, and resolves within 5 s. What has changed since somebody looked last is told by the event `health`: look
   * again and again, as the plugin does.
   */
  async health (): Promise<Health> {
    return await this.#health.look()
  }

  /**
   * Opens a new session under a fresh id. Durable when it resolves.
   *
   * @throws HoldfastError HOLDFAST_LIMIT_REACHED, HOLDFAST_STATE_TOO_LARGE, HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_BACKEND_FULL
   * @throws InvalidOptionError when the principal or the state that it starts from has the wrong shape
   */
  async create (init: SessionInit = {}): Promise<Session> {
    const owner = ownerDigest(this.namespace, init.principal ?? null)
    const { body, state } = encodeState(initialState(init), this.maxStateBytes, 'create')
    const id = mintSessionId()
    const key = recordKey(this.namespace, owner, id)
    await this.#insert(key, owner, await this.seal(key, body))
    this.emit('created', { ...notice(key, owner), principal: state.principal, client: state.client })
    return new Session(id, key, owner, 1, state, this)
  }

  /**
   * The session of an id and a principal, used just now. `undefined` when it is unknown, expired, terminated or somebody
   * else's: nothing tells these apart.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_INVALID_STATE, or what the codec throws
   */
  async open (id: string, principal: Principal | null): Promise<Session | undefined> {
    const found = this.#locate(id, principal)
    if (found === undefined) return undefined
    const record = await this.fetch(found.key, 0)
    if (record === undefined || record === 'current') return undefined
    return new Session(id, found.key, found.owner, record.version, await this.decode(record), this)
  }

  /** Extends a session and takes over what others changed. False when it is gone. One round trip. */
  async touch (session: Session): Promise<boolean> {
    const { key, version } = session
    let record
    // What `availability.ask` does, without its promise: every request comes through here.
    try {
      record = await this.backend.records.touch(key, version)
    } catch (error) {
      throw this.availability.failed(error)
    }
    this.availability.answered()
    if (record === 'current') return true
    if (record === undefined) return false
    session.refresh(record.version, await this.decode(record), version)
    return true
  }

  /** What is known of a session, without using it. */
  async get (id: string, principal: Principal | null): Promise<SessionSummary | undefined> {
    const found = this.#locate(id, principal)
    return found && await this.getByKey(found.key)
  }

  /** {@link get} by key, as listed. */
  async getByKey (key: RecordKey): Promise<SessionSummary | undefined> {
    const record = await this.availability.ask(() => this.backend.records.read(key))
    return record && await this.summarize(record)
  }

  /**
   * Ends a session everywhere. False when there was none.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE; HOLDFAST_SNAPSHOT_FAILED when it has ended, but a crash before the next
   *   export may bring it back: ask again
   */
  async terminate (id: string, principal: Principal | null): Promise<boolean> {
    const found = this.#locate(id, principal)
    return found !== undefined && await this.end(found.key, found.owner)
  }

  /** {@link terminate} by key, as listed. */
  async end (key: RecordKey, owner: string, reason: 'terminated' | 'evicted' = 'terminated'): Promise<boolean> {
    const removed = await this.availability.ask(() => this.backend.records.remove(key))
    await this.#ended(removed ? [key] : [], owner, reason)
    return removed
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
    const keys = await this.availability.ask(() => this.backend.records.removeOwner(owner))
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
  async list (query: { principal?: Principal, owner?: string, cursor?: string, limit?: number } = {}): Promise<{ sessions: SessionSummary[], cursor?: string }> {
    const { principal, cursor } = query
    const limit = positive(query.limit ?? 100, 'limit')
    const owner = principal === undefined ? query.owner : this.#owner(principal)
    const page = await this.availability.ask(() => this.backend.records.list({
      limit,
      ...(owner !== undefined && { owner }),
      ...(cursor !== undefined && { cursor })
    }))
    const sessions = await Promise.all(page.records.map(record => this.summarize(record)))
    return page.cursor === undefined ? { sessions } : { sessions, cursor: page.cursor }
  }

  /** Every session, page by page. */
  async * each (principal?: Principal): AsyncGenerator<SessionSummary> {
    let cursor: string | undefined
    do {
      const page = await this.list({ ...(principal !== undefined && { principal }), ...(cursor !== undefined && { cursor }) })
      yield * page.sessions
      cursor = page.cursor
    } while (cursor !== undefined)
  }

  /** How many sessions there are, of one principal or of all. */
  async count (principal?: Principal): Promise<number> {
    const owner = principal === undefined ? undefined : this.#owner(principal)
    return await this.availability.ask(() => this.backend.records.count(owner))
  }

  /**
   * Removes sessions that have expired, looking at no more than `limit` candidates, and reports each once in the whole fleet.
   * `more` says that others look due.
   */
  async sweep (limit = 50): Promise<{ expired: number, more: boolean }> {
    positive(limit, 'limit')
    const { records, more } = await this.availability.ask(() => this.backend.records.claimExpired(limit))
    for (const { key, owner, createdAt, usedAt, idle, deadline } of records) {
      const reason = usedAt + idle < deadline ? 'idle' : 'absolute'
      this.emit('expired', { ...notice(key, owner), reason, createdAt, usedAt })
    }
    if (records.length > 0) await this.fleet.tellGone(records.map(({ key }) => key), 'expired')
    return { expired: records.length, more }
  }

  /**
   * Writes all sessions with their streams to a sink, by default the manager's own. They stay as sealed as they are, and go on here.
   * What an earlier restore could not read of the manager's own is restored before it is replaced.
   *
   * @throws HoldfastError HOLDFAST_SNAPSHOT_FAILED, HOLDFAST_SNAPSHOT_KEPT, HOLDFAST_BACKEND_UNAVAILABLE
   * @throws InvalidOptionError without a sink, or with the codec `plain`
   */
  async exportSessionState (sink?: SnapshotSink, options: ExportOptions = {}): Promise<ExportReport> {
    try {
      const report = await this.#archive.export(sink, options)
      this.emit('exported', report)
      return report
    } catch (error) {
      if (!(error instanceof InvalidOptionError)) this.emit('exportFailed', { error })
      throw error
    }
  }

  /**
   * Brings back the sessions of a snapshot, or of n8n-mcp with `n8nMcp`. They keep their ids, ages and limits; what is there already,
   * has ended or has expired stays as it is. Never rejects because of what the snapshot holds: the report says what was wrong.
   *
   * @throws HoldfastError HOLDFAST_SNAPSHOT_FAILED when it cannot be read, HOLDFAST_BACKEND_UNAVAILABLE
   * @throws InvalidOptionError without a place to read from
   */
  async restoreSessionState (source?: SnapshotSource, options: RestoreOptions & { n8nMcp?: N8nMcpOptions } = {}): Promise<RestoreReport> {
    return await this.#archive.restore(source, options)
  }

  /**
   * Seals anew, under the active key, whatever is sealed with an older one, and writes the manager's snapshot again. Neither a use nor a
   * change of a session.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_BACKEND_FULL, and what exporting throws
   * @throws InvalidOptionError when nothing is sealed
   */
  async rotate (options: RotateOptions = {}): Promise<RotateReport> {
    return await rotate(this, options)
  }

  /**
   * How many bodies and events each key is needed for, by its id, in the backend and in the manager's snapshot, whose header counts as
   * one. Looks at all of them.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_SNAPSHOT_FAILED
   * @throws InvalidOptionError when nothing is sealed
   */
  async keysInUse (): Promise<Map<string, number>> {
    return await keysInUse(this)
  }

  /**
   * Forgets a key in this process, once nothing stored needs it.
   *
   * @throws HoldfastError HOLDFAST_KEY_IN_USE, HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_SNAPSHOT_FAILED
   * @throws InvalidOptionError when nothing is sealed
   */
  async dropKey (id: string): Promise<void> {
    await dropKey(this, id)
  }

  /** Tells `error` listeners of what concerns no caller. An outage has its own event. */
  report (error: unknown): void {
    if (!isHoldfastError(error, 'HOLDFAST_BACKEND_UNAVAILABLE')) this.emit('error', { error })
  }

  /* What a `Session` needs of its manager: see `SessionStore`. */

  seal (key: RecordKey, plaintext: Uint8Array): Uint8Array | Promise<Uint8Array> {
    return this.codec.seal('session', key, plaintext)
  }

  async decode (record: StoredRecord): Promise<SessionState> {
    try {
      return await this.read(record)
    } catch (error) {
      this.emit('unreadable', { ...notice(record.key, record.owner), kind: 'session', error })
      throw error
    }
  }

  async replace (key: RecordKey, version: number, body: Uint8Array): Promise<number | 'conflict' | 'gone'> {
    return await this.availability.ask(() => this.backend.records.replace(key, version, body))
  }

  async fetch (key: RecordKey, version: number): Promise<'current' | StoredRecord | undefined> {
    return await this.availability.ask(() => this.backend.records.touch(key, version))
  }

  /* What a snapshot needs. */

  /** @throws HoldfastError HOLDFAST_KEY_UNAVAILABLE, HOLDFAST_INVALID_STATE */
  async read ({ key, body }: StoredRecord): Promise<SessionState> {
    return decodeState(await this.unseal('session', key, body))
  }

  /** @throws HoldfastError HOLDFAST_KEY_UNAVAILABLE, HOLDFAST_INVALID_STATE */
  async unseal (kind: Place['kind'], key: RecordKey, sealed: Uint8Array): Promise<Uint8Array> {
    try {
      return await this.codec.open(kind, key, sealed)
    } catch (error) {
      throw isHoldfastError(error) ? error : new HoldfastError('HOLDFAST_INVALID_STATE', undefined, { cause: error })
    }
  }

  /** Stores a record that was elsewhere. */
  async admit ({ key, owner, version, createdAt, usedAt, idle, deadline, body }: StoredRecord): Promise<Created> {
    const record = { key, owner, idle, absolute: deadline - createdAt, body, origin: { createdAt, usedAt, version } }
    return await this.availability.ask(() => this.backend.records.create(record, this.#limits))
  }

  async #insert (key: RecordKey, owner: string, body: Uint8Array): Promise<void> {
    const record = { key, owner, idle: this.idle, absolute: this.absolute, body }
    let created = await this.availability.ask(() => this.backend.records.create(record, this.#limits))
    if (created === 'created') return
    if (created === 'exists') throw new Error('a session id was minted twice')
    const limit = created === 'full' ? 'maxSessions' : 'maxPerOwner'
    if (await this.#eviction?.makeRoom(owner) === true) {
      created = await this.availability.ask(() => this.backend.records.create(record, this.#limits))
    }
    const admitted = created === 'created'
    this.emit('limitReached', { limit, owner, admitted })
    if (!admitted) throw new HoldfastError('HOLDFAST_LIMIT_REACHED')
  }

  async #ended (keys: RecordKey[], owner: string, reason: 'terminated' | 'evicted'): Promise<void> {
    for (const key of keys) this.emit('terminated', { ...notice(key, owner), reason })
    if (keys.length > 0) await this.fleet.tellGone(keys, 'terminated')
    await this.#archive.forget(keys)
  }

  /** A null that got past the types must not mean everyone, or every session without an owner. */
  #owner (principal: Principal): string {
    if (principal === null) throw new InvalidOptionError('principal', 'expected a principal')
    return ownerDigest(this.namespace, principal)
  }

  #locate (id: string, principal: Principal | null): { key: RecordKey, owner: string } | undefined {
    if (!isSessionId(id)) return undefined
    const owner = ownerDigest(this.namespace, principal)
    return { owner, key: recordKey(this.namespace, owner, id) }
  }

  async summarize (record: StoredRecord): Promise<SessionSummary> {
    const { key, owner, createdAt, usedAt, version } = record
    const summary = { ...notice(key, owner), createdAt, usedAt, version, expiresAt: expiresAt(record) }
    const state = await this.decode(record).catch(() => undefined)
    return state === undefined ? summary : { ...summary, state }
  }
}

function positive (value: number, path: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new InvalidOptionError(path, 'expected a positive whole number')
}
