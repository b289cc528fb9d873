import type { ModernCall, Outcome } from '../modern-call.js'
import { SETTLE } from './settle.js'
import { type InputRequest, Reading, type Story } from './story.js'

/** What an attempt does with what it has read. */
export interface Replies {
  /** Makes the outcome that asks the client these questions. */
  ask (open: ReadonlyMap<string, InputRequest>, position: number): Outcome | Promise<Outcome>
  /** Called once, when the attempt needs nothing more. */
  done (): void
}

/** One attempt of a client at a parked call: the first one, or one with answers. It ends its call once. */
export class Attempt {
  readonly ended: Promise<void>
  #end!: () => void
  #fail!: (error: unknown) => void
  #over = false
  #settling: NodeJS.Timeout | undefined
  readonly #reading: Reading

  /** @param settle milliseconds to wait for further questions */
  constructor (
    readonly call: ModernCall,
    readonly story: Story,
    position: number,
    answers: Iterable<string>,
    private readonly replies: Replies,
    private readonly settle = SETTLE
  ) {
    this.#reading = new Reading(story, position, answers)
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve
      this.#fail = reject
    })
  }

  get over (): boolean { return this.#over }

  /** Reads on, because the story has grown. */
  advance (): void {
    if (this.#over) return
    clearTimeout(this.#settling)
    const step = this.#reading.next(note => tell(this.call, note))
    if (step.kind === 'end') this.give(step.outcome)
    else if (step.kind === 'ask') {
      const ask = (): void => { void this.#ask(step.open, step.position) }
      if (step.final || this.settle === 0) ask()
      else this.#settling = setTimeout(ask, this.settle)
    }
  }

  /** Ends the call of an attempt that is not over. */
  give (outcome: Outcome): void {
    this.#finish()
    this.call.end(outcome)
    this.#end()
  }

  failed (error: unknown): void {
    if (this.#finish()) this.#fail(error)
  }

  /** Its client has gone. False when the attempt was over. */
  leave (): boolean {
    if (!this.#finish()) return false
    this.#end()
    return true
  }

  async #ask (open: ReadonlyMap<string, InputRequest>, position: number): Promise<void> {
    this.#finish()
    try {
      this.call.end(await this.replies.ask(open, position))
      this.#end()
    } catch (error) {
      this.#fail(error)
    }
  }

  #finish (): boolean {
    if (this.#over) return false
    this.#over = true
    clearTimeout(this.#settling)
    this.replies.done()
    return true
  }
}

/** Sends a notification, under the progress token of this attempt. Whether the client wants it, the call knows. */
export function tell (call: ModernCall, note: { method: string, params?: Record<string, unknown> }): void {
  const { method, params = {} } = note
  const { progressToken } = call.meta
  const isProgress = method === 'notifications/progress' && progressToken !== undefined
  call.notify({ jsonrpc: '2.0', method, params: isProgress ? { ...params, progressToken } : params })
}
