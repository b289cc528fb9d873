import type { Backend } from '../backend.js'
import type { RecordKey } from '../record.js'
import type { Change } from './change.js'

/** What the parts of a routed backend need of its router. */
export interface Route {
  readonly serving: Backend
  /** How often the backend that serves has changed. */
  readonly era: number
  /**
   * Calls the backend that serves.
   *
   * @param again whether the call may be made a second time when it is not known what became of the first
   */
  ask<T> (call: (serving: Backend) => Promise<T>, again?: boolean): Promise<T>
  /** Told of each write when it is done, before its caller. */
  wrote (partition: string, key: RecordKey, change: Change): void
}
