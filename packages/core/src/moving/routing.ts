import type { Backend } from '../backend.js'
import type { RecordKey } from '../record.js'
import type { Change } from './change.js'

/** The part of a router that the stores and the bus of a routed backend use. */
export interface Routing {
  readonly serving: Backend
  /** How often another backend has taken over from the serving one. */
  readonly generation: number
  /**
   * Calls the serving backend.
   *
   * @param again whether the call may be repeated when the outcome of the first attempt is unknown
   */
  ask<T> (call: (serving: Backend) => Promise<T>, again?: boolean): Promise<T>
  /** Notes a write that has ended, before its caller gets the answer. */
  wrote (partition: string, key: RecordKey, change: Change): void
}
