/** Milliseconds between two looks, and what a look counts at the most. */
const TICK = 25
/** As many times as long may pass in all, whatever moves meanwhile. */
const PATIENCE = 10

interface Pending {
  since: number
  began: number
  expire: () => void
}

/** What is asked at every look. */
export interface Watch {
  /** Whether time passes in vain: nothing is on its way. `passed` are the milliseconds since it was asked before. */
  look (passed: number): boolean
  /** Told of a call that waited in vain since then; whether nothing was answered meanwhile. */
  silent (since: number): boolean
  /** Whether to go on looking, though nothing is pending. */
  busy (): boolean
}

/**
 * Bounds how long promises may take, all equally long and so with a single timer. Where one has waited in vain and nothing else was
 * answered meanwhile, the others do not wait any longer either.
 *
 * Only attentive time counts. A turn of the event loop that took long counts as one look, since this process neither sent nor read
 * anything meanwhile; and while bytes are on their way, nothing counts.
 */
export class Deadlines {
  readonly #pending = new Set<Pending>()
  #timer: NodeJS.Timeout | undefined
  #lookedAt = 0
  /** Milliseconds of attentive time, with those in which bytes moved, and without. */
  #awake = 0
  #time = 0

  constructor (private readonly ms: number, private readonly makeError: () => Error, private readonly watch: Watch) {}

  /** Attentive time that has passed in vain, in milliseconds. It stands still while nothing is pending. */
  get time (): number { return this.#time }

  /** What comes of the promise, or a rejection when that takes too long. */
  limit<T> (promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const pending = { since: this.#time, began: this.#awake, expire: () => { reject(this.makeError()) } }
      this.#pending.add(pending)
      if (this.#timer === undefined) {
        this.#lookedAt = performance.now()
        this.#arm()
      }
      promise.then((value) => {
        this.#pending.delete(pending)
        resolve(value)
      }, (error) => {
        this.#pending.delete(pending)
        reject(error)
      })
    })
  }

  /** It looks after the sockets were read: a process that was busy finds its timers first. */
  #arm (): void {
    this.#timer = setTimeout(() => { setImmediate(this.#look) }, TICK).unref()
  }

  readonly #look = (): void => {
    const now = performance.now()
    const passed = Math.min(now - this.#lookedAt, TICK)
    this.#lookedAt = now
    this.#awake += passed
    if (this.watch.look(passed)) this.#time += passed
    this.#expire()
    this.#timer = undefined
    if (this.#pending.size > 0 || this.watch.busy()) this.#arm()
  }

  #expire (): void {
    let silent = false
    for (const pending of this.#pending) {
      if (silent || this.#time - pending.since >= this.ms || this.#awake - pending.began >= PATIENCE * this.ms) {
        silent ||= this.watch.silent(pending.since)
        this.#pending.delete(pending)
        pending.expire()
      }
    }
  }
}
