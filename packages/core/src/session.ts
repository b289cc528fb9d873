import { inspect } from 'node:util'
import { Draft } from './draft.js'
import { InvalidOptionError } from './errors.js'
import { keyLabel } from './record-key.js'
import type { Json, JsonObject } from './json.js'
import type { Principal } from './principal.js'
import type { RecordKey } from './record.js'
import type { SessionState } from './state.js'
import type { Transition, Versioned } from './versioned.js'

/**
 * Changes the draft in place, or returns what replaces it. It may run again when another writer was faster, so it must
 * be synchronous and free of side effects. While `Data` is any JSON object, the draft is not typed.
 */
export type DataChange<Data extends object = JsonObject> =
  (draft: JsonObject extends Data ? any : Data) => Changed<Data> | void

/** While `Data` is any JSON object, an interface fits as well. A promise does not. */
type Changed<Data extends object> = JsonObject extends Data ? JsonObject | (object & { then?: never }) : Data

/** One session as this process last saw it. */
export class Session<Data extends object = JsonObject, Context = Json> {
  constructor (
    readonly id: string,
    /** The stored state. */
    readonly record: Versioned<SessionState>
  ) {}

  get key (): RecordKey { return this.record.key }
  get owner (): string { return this.record.owner }
  get version (): number { return this.record.version }
  get state (): SessionState { return this.record.value }
  get principal (): Principal | null { return this.state.principal }
  get context (): Context { return this.state.context as Context }
  get data (): Readonly<Data> { return this.state.data as Data }

  /**
   * Changes what the application keeps. Resolves to the data as this change left it, frozen, once it is durable.
   *
   * @throws HoldfastError HOLDFAST_SESSION_GONE, HOLDFAST_STATE_TOO_LARGE, HOLDFAST_CONFLICT,
   *   HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_BACKEND_FULL
   * @throws InvalidOptionError when `change` is asynchronous or its result is no JSON object
   * @throws what `change` throws; other changes are not affected
   */
  async update (change: DataChange<Data>): Promise<Readonly<Data>> {
    const { data } = await this.change(state => {
      const draft = new Draft(state.data).proxy as JsonObject
      const result = (change as (draft: JsonObject) => JsonObject | void)(draft) ?? draft
      if (typeof (result as { then?: unknown }).then === 'function') {
        throw new InvalidOptionError('update', 'the function must not be asynchronous: it may run more than once')
      }
      return { ...state, data: result }
    })
    return data as Data
  }

  /** A change to the whole state; see {@link update}. */
  async change (apply: Transition<SessionState>): Promise<SessionState> {
    return await this.record.change(apply)
  }

  /** The id and the context are credentials: neither is printed. */
  toJSON (): object {
    return { session: keyLabel(this.key), version: this.version }
  }

  [inspect.custom] (): string {
    return `Session ${inspect(this.toJSON())}`
  }
}
