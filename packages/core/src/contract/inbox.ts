import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { text } from './trial.js'
import type { Trial } from './trial.js'

/** A listener that can be awaited. */
export class Inbox {
  readonly received: string[] = []
  #awaited: { amount: number, resolve: () => void } | undefined

  readonly listener = (message: Uint8Array) => {
    this.received.push(text(message))
    if (this.#awaited && this.received.length >= this.#awaited.amount) this.#awaited.resolve()
  }

  async expect (t: Trial, ...messages: string[]): Promise<void> {
    const patience = new AbortController()
    const arrival = new Promise<void>((resolve) => {
      this.#awaited = { amount: messages.length, resolve }
      if (this.received.length >= messages.length) resolve()
    })
    await Promise.race([arrival, sleep(t.harness.patience, undefined, { signal: patience.signal })])
    patience.abort()
    assert.deepEqual(this.received, messages)
  }
}
