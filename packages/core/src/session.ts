import { inspect } from 'node:util'
import { Draft } from './draft.js'
import { HoldfastError, InvalidOptionError } from './errors.js'
import { keyLabel } from './key.js'
import type { Json, JsonObject } from './json.js'
import type { Principal } from './principal.js'
import type { RecordKey, StoredRecord } from './record.js'
import { type SessionState, settleState, stateBody } from './state.js'

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
/** Changes that one commit applies, at most; the others wait for the next. */
const AT_ONCE = 1_000

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

  /**
   * Takes over what the backend holds. `known` is the version held here when it was asked: a lower answer means that the
   * backend has lost writes, as in a failover, while one in between only comes late.
   */
  refresh (version: number, state: SessionState, known: number): void {
    if (version >= known && version <= this.#version) return
    this.#version = version
    this.#state = state
  }

  /**
   * Changes what the application keeps. Resolves to the data as this change left it, frozen, once it is durable.
   *
   * @throws HoldfastError HOLDFAST_SESSION_GONE, HOLDFAST_STATE_TOO_LARGE, HOLDFAST_CONFLICT, HOLDFAST_BACKEND_UNAVAILABLE,
   *   HOLDFAST_BACKEND_FULL
   * @throws InvalidOptionError when `change` is asynchronous or its result is no JSON object
   * @throws whatever `change` throws; other changes are not affected
   */
  async update (change: DataChange): Promise<JsonObject> {
    const { data } = await this.change(state => {
      const draft = new Draft(state.data).proxy as JsonObject
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
      const batch = this.#waiting.splice(0, AT_ONCE)
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
      const known = this.#version
      const { body, state, settle } = applyAll(this.#state, batch, this.store.maxStateBytes)
      // A change that refuses was judged against what this replica knew: it is final only if that was current.
      const answer = body === undefined
        ? await this.store.fetch(this.key, known)
        : await this.store.replace(this.key, known, await this.store.seal(this.key, body))
      if (answer === 'gone' || answer === undefined) throw new HoldfastError('HOLDFAST_SESSION_GONE')
      if (answer === 'conflict' || typeof answer === 'object') {
        await this.#catchUp(known, typeof answer === 'object' ? answer : undefined)
        continue
      }
      if (typeof answer === 'number') this.refresh(answer, state, known)
      for (const tell of settle) tell()
      return
    }
    throw new HoldfastError('HOLDFAST_CONFLICT')
  }

  async #catchUp (known: number, found?: StoredRecord): Promise<void> {
    const record = found ?? await this.store.fetch(this.key, known)
    if (record === undefined) throw new HoldfastError('HOLDFAST_SESSION_GONE')
    if (record !== 'current') this.refresh(record.version, await this.store.decode(record), known)
  }
}

interface Applied {
  /** The encoded outcome; absent when every change refused. */
  body?: Uint8Array
  state: SessionState
  /** Tells each caller what became of its change. */
  settle: Array<() => void>
}

function applyAll (before: SessionState, batch: readonly Change[], maxBytes: number): Applied {
  const settle: Applied['settle'] = []
  let [state, size, accepted] = [before, stateBody(before).length, false]
  for (const change of batch) {
    try {
      const settled = settleState(change.apply(state), state)
      if (size + settled.growth > maxBytes) throw new HoldfastError('HOLDFAST_STATE_TOO_LARGE')
      state = settled.state
      size += settled.growth
      accepted = true
      settle.push(() => change.resolve(settled.state))
    } catch (error) {
      settle.push(() => change.reject(error))
    }
  }
  return { ...(accepted && { body: stateBody(state) }), state, settle }
}

async function pause (attempt: number): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, Math.random() * Math.min(2 ** attempt, 64)))
}
