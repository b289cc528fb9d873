import { setImmediate } from 'node:timers/promises'
import type { AppendOptions } from '@holdfast/core'

/** Appends to the log of one stream. Resolves to the position of the last entry; to undefined when logging failed. */
type Append = (messages: readonly string[], options: AppendOptions) => Promise<number | undefined>

/**
 * Gets the written messages in order. `first` is the position of the first message; undefined when the messages are not
 * in the log, so that they can be sent only without ids.
 */
export type Deliver = (first: number | undefined, messages: readonly string[], ended: boolean) => void

interface Write {
  messages: readonly string[]
  done: () => void
}

/**
 * Writes messages to a log and then delivers them. It makes one append at a time; the next append takes all messages
 * that arrived meanwhile.
 */
export class LogWriter {
  #waiting: Write[] = []
  #writing = false
  #end = false
  #head: Uint8Array | undefined

  constructor (private readonly append: Append, private readonly deliver: Deliver, head?: Uint8Array) {
    this.#head = head
  }

  /** Resolves once the messages are durable and delivered. `end` ends the stream after them. */
  async write (messages: readonly string[], end = false): Promise<void> {
    this.#end ||= end
    await new Promise<void>(resolve => {
      this.#waiting.push({ messages, done: resolve })
      if (!this.#writing) void this.#flush()
    })
  }

  async #flush (): Promise<void> {
    this.#writing = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      const messages = batch.length === 1 ? (batch[0] as Write).messages : batch.flatMap(write => write.messages)
      const end = this.#end
      const last = await this.append(messages, { end, ...(this.#head && { head: this.#head }) })
      if (last !== undefined) this.#head = undefined
      this.deliver(last === undefined ? undefined : last - messages.length + 1, messages, end)
      // Without this turn of the event loop, a server that writes without a pause would block its reader's socket.
      if (!end) await setImmediate()
      for (const write of batch) write.done()
    }
    this.#writing = false
  }
}
