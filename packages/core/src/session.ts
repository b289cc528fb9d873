import { inspect } from 'node:util'
import { HoldfastError, InvalidOptionError, isHoldfastError } from './errors.js'
import { keyLabel } from './key.js'
import type { Json, JsonObject } from './json.js'
import type { Principal } from './principal.js'
import type { RecordKey, StoredRecord } from './record.js'
import { type SessionState, decodeState, encodeState } from './state.js'

/** Changes the draft in place, or returns what replaces it. It may run again when another writer was faster. */
export type DataChange = (draft: any) => JsonObject | void

/** What a session needs of its manager: the backend and the codec, already put together. */
export interface SessionStore {
  readonly maxStateBytes: number
  seal (key: RecordKey, plaintext: Uint8Array): Uint8Array | Promise<Uint8Array>
  decode (record: StoredRecord): Promise<SessionState>
  replace (key: RecordKey, version: number, body: Uint8Array): Promise<number | 'conflict' | 'gone'>
  fetch (key: RecordKey, version: number): Promise<'current' | StoredRecord | undefined>
}

type Transition = (state: SessionState) => SessionState

interface Change {
  apply: Transition
  resolve (state: SessionState): void
  reject (error: unknown): void
}

const MAX_ATTEMPTS = 100

/**
 * One session as this process last saw it. Changes are compare-and-set: those that wait are applied together in one write,
 * and applied anew when another replica wrote first.
 */
export class Session {
  #version: number
  #state: SessionState
  #waiting: Change[] = []
  #writing = false

  constructor (
    readonly id: string,
    readonly key: RecordKey,
    readonly owner: string,
    version: number,
    state: SessionState,
    private readonly store: SessionStore
  ) {
    this.#version = version
    this.#state = state
  }

  get version (): number { return this.#version }
  get state (): SessionState { return this.#state }
  get principal (): Principal | null { return this.#state.principal }
  get context (): Json { return this.#state.context }
  get data (): JsonObject { return this.#state.data }

  /** Takes over a newer record. */
  refresh (version: number, state: SessionState): void {
    if (version <= this.#version) return
    this.#version = version
    this.#state = state
  }

  /**
   * Changes what the application keeps. Resolves to the new data once it is durable.
   *
   * @throws HoldfastError HOLDFAST_SESSION_GONE, HOLDFAST_STATE_TOO_LARGE, HOLDFAST_CONFLICT, HOLDFAST_BACKEND_UNAVAILABLE,
   *   or whatever `change` throws; nothing is changed then
   */
  async update (change: DataChange): Promise<JsonObject> {
    const { data } = await this.change(state => {
      const draft = structuredClone(state.data)
      const result = change(draft) ?? draft
      if (typeof (result as { then?: unknown }).then === 'function') {
        throw new InvalidOptionError('update', 'the function must not be asynchronous: it may run more than once')
      }
      return { ...state, data: result }
    })
    return data
  }

  /** A change to the whole state; see {@link update}. */
  async change (apply: Transition): Promise<SessionState> {
    return await new Promise((resolve, reject) => {
      this.#waiting.push({ apply, resolve, reject })
      if (!this.#writing) void this.#write()
    })
  }

  /** The id and the context are credentials: neither is printed. */
  toJSON (): object {
    return { session: keyLabel(this.key), version: this.#version }
  }

  [inspect.custom] (): string {
    return `Session ${inspect(this.toJSON())}`
  }

  async #write (): Promise<void> {
    this.#writing = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      try {
        await this.#commit(batch)
      } catch (error) {
        for (const change of batch) change.reject(error)
      }
    }
    this.#writing = false
  }

  async #commit (batch: Change[]): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (attempt > 1) await pause(attempt)
      const { body, state, failed } = applyAll(this.#state, batch)
      if (body !== undefined && body.length > this.store.maxStateBytes) {
        if (batch.length === 1) throw new HoldfastError('HOLDFAST_STATE_TOO_LARGE')
        for (const change of batch) await this.#commit([change]).catch(change.reject)
        return
      }
      // A change that refuses was judged against what this replica knew: it is final only if that was current.
      const answer = body === undefined
        ? await this.store.fetch(this.key, this.#version)
        : await this.store.replace(this.key, this.#version, await this.store.seal(this.key, body))
      if (answer === 'gone' || answer === undefined) throw new HoldfastError('HOLDFAST_SESSION_GONE')
      if (answer === 'conflict' || typeof answer === 'object') {
        await this.#catchUp(typeof answer === 'object' ? answer : undefined)
        continue
      }
      if (typeof answer === 'number') this.refresh(answer, state)
      for (const change of batch) {
        if (failed.has(change)) change.reject(failed.get(change))
        else change.resolve(this.#state)
      }
      return
    }
    throw new HoldfastError('HOLDFAST_CONFLICT')
  }

  async #catchUp (known?: StoredRecord): Promise<void> {
    const record = known ?? await this.store.fetch(this.key, this.#version)
    if (record === undefined) throw new HoldfastError('HOLDFAST_SESSION_GONE')
    if (record !== 'current') this.refresh(record.version, await this.store.decode(record))
  }
}

interface Applied {
  /** The encoded outcome; absent when every change refused. */
  body?: Uint8Array
  state: SessionState
  failed: Map<Change, unknown>
}

function applyAll (state: SessionState, batch: readonly Change[]): Applied {
  const applied: Applied = { state, failed: new Map() }
  for (const change of batch) {
    try {
      const body = encodeState(change.apply(applied.state))
      applied.state = decodeState(body)
      applied.body = body
    } catch (error) {
      applied.failed.set(change, isHoldfastError(error) ? new InvalidOptionError('update', 'the result is not a JSON object') : error)
    }
  }
  return applied
}

async function pause (attempt: number): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, Math.random() * Math.min(2 ** attempt, 64)))
}
