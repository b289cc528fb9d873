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

/** The handler of a call that asks its first question. It tells what becomes of it. */
export function observed (handler: Handler, owner: string, tell: OnParked): Handler {
  let isWaiting = true
  let isGiven = false
  const resumed = (): void => {
    // It has asked again, and was answered before it rested.
    if (!isWaiting) tell({ kind: 'parked', owner })
    tell({ kind: 'resumed', owner })
    isWaiting = false
    // Answers that come together count once.
    isGiven = true
    queueMicrotask(() => { isGiven = false })
  }
  tell({ kind: 'parked', owner })
  return {
    give: (key, answer) => {
      if (!isGiven) resumed()
      handler.give(key, answer)
    },
    rested: () => {
      if (!isWaiting) tell({ kind: 'parked', owner })
      isWaiting = true
      handler.rested()
    },
    resumed: () => handler.resumed(),
    stop: reason => {
      handler.stop(reason)
      tell({ kind: 'abandoned', owner, reason })
    }
  }
}
