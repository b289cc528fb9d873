import { EventEmitter, once } from 'node:events'
import { deadline } from '@holdfast/reference-server/deadline'
import type { StoryClient } from '@holdfast/reference-server/story-client'

/** A client that counts, call after call. A call that a killed worker ran fails, and the client makes the next one. */
export class Counting {
  /** Calls that were answered. */
  answered = 0
  /** Calls whose connection broke. Each may have counted or not. */
  failed = 0
  readonly #answers = new EventEmitter()
  readonly #done: Promise<void>
  #stopped = false

  constructor (private readonly client: StoryClient) {
    this.#done = this.#run()
  }

  /** Resolves when another call was answered. */
  async goesOn (): Promise<void> {
    await deadline(once(this.#answers, 'answer'), `the next answer of count to ${this.client.name}`)
  }

  async stop (): Promise<void> {
    this.#stopped = true
    await this.#done
  }

  async #run (): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.client.call('count')
        this.answered++
        this.#answers.emit('answer')
      } catch {
        // The story checks the status of every answer, and the totals.
        this.failed++
      }
    }
  }
}
