import { HoldfastError } from './errors.js'
import type { RecordKey, StoredRecord } from './record.js'

/** How the values of one kind of record are written, read and changed. */
export interface Format<Value> {
  /** Bytes of an encoded value, at most. */
  readonly maxBytes: number
  /**
   * The first value of a record.
   *
   * @param path what made the value, for the error
   * @returns the body to store, and the value as a reader will find it
   * @throws HoldfastError HOLDFAST_STATE_TOO_LARGE
   * @throws InvalidOptionError when a reader could make nothing of it
   */
  begin (given: Value, path: string): { body: Uint8Array, value: Value }
  encode (value: Value): Uint8Array
  /**
   * @returns the value, frozen
   * @throws HoldfastError HOLDFAST_INVALID_STATE
   */
  decode (bytes: Uint8Array): Value
  /**
   * What one change makes of a value, without encoding the whole of it.
   *
   * @returns the value as a reader will find it, frozen, and how many bytes its encoding is longer than before
   * @throws HoldfastError HOLDFAST_STATE_TOO_LARGE when it is nested too deeply
   * @throws InvalidOptionError when a reader could make nothing of it
   */
  settle (given: unknown, before: Value): { value: Value, growth: number }
}

/** What a {@link Versioned} value needs of the place that stores it. */
export interface VersionedStore<Value> {
  readonly format: Format<Value>
  seal (key: RecordKey, plaintext: Uint8Array): Uint8Array | Promise<Uint8Array>
  decode (record: StoredRecord): Promise<Value>
  replace (key: RecordKey, version: number, body: Uint8Array): Promise<number | 'conflict' | 'gone'>
  fetch (key: RecordKey, version: number): Promise<'current' | StoredRecord | undefined>
}

/** Makes a new value of the one before. It may run again when another writer was faster. */
export type Transition<Value> = (value: Value) => Value

interface Change<Value> {
  apply: Transition<Value>
  resolve (value: Value): void
  reject (error: unknown): void
}

const MAX_ATTEMPTS = 100
/** Changes that one commit applies, at most; the others wait for the next. */
const AT_ONCE = 1_000

/**
 * A stored value as this process last saw it. Changes are compare-and-set: those that wait are applied together in one
 * write, and applied anew when another process wrote first.
 */
export class Versioned<Value> {
  #version: number
  #value: Value
  #waiting: Array<Change<Value>> = []
  #writing = false

  constructor (
    readonly key: RecordKey,
    readonly owner: string,
    version: number,
    value: Value,
    private readonly store: VersionedStore<Value>
  ) {
    this.#version = version
    this.#value = value
  }

  get version (): number { return this.#version }
  get value (): Value { return this.#value }

  /**
   * Takes over what the backend holds. `known` is the version held here when it was asked: a lower answer means that
   * the backend has lost writes, as in a failover, while one in between only comes late.
   */
  refresh (version: number, value: Value, known: number): void {
    if (version >= known && version <= this.#version) return
    this.#version = version
    this.#value = value
  }

  /**
   * Resolves to the value as this change left it, once it is durable.
   *
   * @throws HoldfastError HOLDFAST_SESSION_GONE, HOLDFAST_STATE_TOO_LARGE, HOLDFAST_CONFLICT,
   *   HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_BACKEND_FULL
   * @throws whatever `apply` throws; other changes are not affected
   */
  async change (apply: Transition<Value>): Promise<Value> {
    return await new Promise((resolve, reject) => {
      this.#waiting.push({ apply, resolve, reject })
      if (!this.#writing) void this.#write()
    })
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

  async #commit (batch: ReadonlyArray<Change<Value>>): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (attempt > 1) await pause(attempt)
      const known = this.#version
      const { body, value, settle } = applyAll(this.#value, batch, this.store.format)
      // A change that refuses was judged against what this process knew: it is final only if that was current.
      const answer = body === undefined
        ? await this.store.fetch(this.key, known)
        : await this.store.replace(this.key, known, await this.store.seal(this.key, body))
      if (answer === 'gone' || answer === undefined) throw new HoldfastError('HOLDFAST_SESSION_GONE')
      if (answer === 'conflict' || typeof answer === 'object') {
        await this.#catchUp(known, typeof answer === 'object' ? answer : undefined)
        continue
      }
      if (typeof answer === 'number') this.refresh(answer, value, known)
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

interface Applied<Value> {
  /** The encoded outcome; absent when every change refused. */
  body?: Uint8Array
  value: Value
  /** Tells each caller what became of its change. */
  settle: Array<() => void>
}

function applyAll<Value> (before: Value, batch: ReadonlyArray<Change<Value>>, format: Format<Value>): Applied<Value> {
  const settle: Array<() => void> = []
  let [value, size, accepted] = [before, format.encode(before).length, false]
  for (const change of batch) {
    try {
      const settled = format.settle(change.apply(value), value)
      if (size + settled.growth > format.maxBytes) throw new HoldfastError('HOLDFAST_STATE_TOO_LARGE')
      value = settled.value
      size += settled.growth
      accepted = true
      settle.push(() => change.resolve(settled.value))
    } catch (error) {
      settle.push(() => change.reject(error))
    }
  }
  return { ...(accepted && { body: format.encode(value) }), value, settle }
}

async function pause (attempt: number): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, Math.random() * Math.min(2 ** attempt, 64)))
}
