import { HoldfastError } from './errors.js'
import type { RecordKey, StoredRecord } from './record.js'

/** How the values of one kind of record are encoded, decoded and changed. */
export interface Format<Value> {
  /** Maximum size of an encoded value, in bytes. */
  readonly maxBytes: number
  /**
   * The first value of a record.
   *
   * @param path the operation that made the value, for the error
   * @returns the body to store, and the value as a reader gets it
   * @throws HoldfastError HOLDFAST_STATE_TOO_LARGE
   * @throws InvalidOptionError when a reader would refuse the value
   */
  begin (given: Value, path: string): { body: Uint8Array, value: Value }
  encode (value: Value): Uint8Array
  /**
   * @returns the value, frozen
   * @throws HoldfastError HOLDFAST_INVALID_STATE
   */
  decode (bytes: Uint8Array): Value
  /**
   * Finishes one change of a value, without encoding the whole value.
   *
   * @returns the value as a reader gets it, frozen, and how many bytes its encoding is longer than before
   * @throws HoldfastError HOLDFAST_STATE_TOO_LARGE when the value nests too deeply
   * @throws InvalidOptionError when a reader would refuse the value
   */
  finalize (given: unknown, before: Value): { value: Value, growth: number }
}

/** The part of a store that a {@link Versioned} value uses. */
export interface VersionedStore<Value> {
  readonly format: Format<Value>
  seal (key: RecordKey, plaintext: Uint8Array): Uint8Array | Promise<Uint8Array>
  decode (record: StoredRecord): Promise<Value>
  replace (key: RecordKey, version: number, body: Uint8Array): Promise<number | 'conflict' | 'gone'>
  fetch (key: RecordKey, version: number): Promise<'current' | StoredRecord | undefined>
}

/** Returns a new value for the present one. It may run again when another writer was faster. */
export type Transition<Value> = (value: Value) => Value

interface WaitingChange<Value> {
  apply: Transition<Value>
  resolve (value: Value): void
  reject (error: unknown): void
}

const MAX_ATTEMPTS = 100
/** Maximum number of changes that one write applies; the others wait for the next write. */
const BATCH_SIZE = 1_000

/**
 * A stored value as this process last saw it. Changes are compare-and-set: one write applies all waiting changes, and
 * applies them again when another process wrote first.
 */
export class Versioned<Value> {
  #version: number
  #value: Value
  #waiting: Array<WaitingChange<Value>> = []
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
   * Takes a value over from the backend. `known` is the version that was held here at the time of the request. A
   * version below `known` means that the backend has lost writes, as in a failover. A version between `known` and the
   * present one is a late answer, and is ignored.
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
   * @throws what `apply` throws; other changes are not affected
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
      const batch = this.#waiting.splice(0, BATCH_SIZE)
      try {
        await this.#commit(batch)
      } catch (error) {
        for (const change of batch) change.reject(error)
      }
    }
    this.#writing = false
  }

  async #commit (batch: ReadonlyArray<WaitingChange<Value>>): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (attempt > 1) await pause(attempt)
      const known = this.#version
      const { body, value, answers } = applyAll(this.#value, batch, this.store.format)
      // A change that threw saw the value of this process. The error is final only if that value was current.
      const answer = body === undefined
        ? await this.store.fetch(this.key, known)
        : await this.store.replace(this.key, known, await this.store.seal(this.key, body))
      if (answer === 'gone' || answer === undefined) throw new HoldfastError('HOLDFAST_SESSION_GONE')
      if (answer === 'conflict' || typeof answer === 'object') {
        await this.#catchUp(known, typeof answer === 'object' ? answer : undefined)
        continue
      }
      if (typeof answer === 'number') this.refresh(answer, value, known)
      for (const answer of answers) answer()
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
  /** The encoded value; absent when every change threw. */
  body?: Uint8Array
  value: Value
  /** Each answers one caller. */
  answers: Array<() => void>
}

function applyAll<Value> (
  before: Value, batch: ReadonlyArray<WaitingChange<Value>>, format: Format<Value>
): Applied<Value> {
  const answers: Array<() => void> = []
  let [value, size, accepted] = [before, format.encode(before).length, false]
  for (const change of batch) {
    try {
      const finalized = format.finalize(change.apply(value), value)
      if (size + finalized.growth > format.maxBytes) throw new HoldfastError('HOLDFAST_STATE_TOO_LARGE')
      value = finalized.value
      size += finalized.growth
      accepted = true
      answers.push(() => change.resolve(finalized.value))
    } catch (error) {
      answers.push(() => change.reject(error))
    }
  }
  return { ...(accepted && { body: format.encode(value) }), value, answers }
}

async function pause (attempt: number): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, Math.random() * Math.min(2 ** attempt, 64)))
}
