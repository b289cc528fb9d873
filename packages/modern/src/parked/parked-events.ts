import type { Handler } from './parked-call.js'

/** What becomes of a call that waits for its client. */
export interface ParkedEvent {
  /** `abandoned`: it was stopped before its end. */
  kind: 'parked' | 'resumed' | 'abandoned'
  /** The digest of its owner; empty for nobody. */
  owner: string
  /** Why it was stopped. */
  reason?: string
}

export type OnParked = (event: ParkedEvent) => void

/** The handler of a call, which tells what becomes of it. */
export function observed (handler: Handler, owner: string, tell: OnParked): Handler {
  let isParked = false
  return {
    give: (key, answer) => handler.give(key, answer),
    rested: () => {
      isParked = true
      handler.rested()
      tell({ kind: 'parked', owner })
    },
    resumed: () => {
      handler.resumed()
      tell({ kind: 'resumed', owner })
    },
    stop: reason => {
      handler.stop(reason)
      // One that never waited has simply failed.
      if (isParked) tell({ kind: 'abandoned', owner, reason })
    }
  }
}
