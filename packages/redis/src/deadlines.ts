/** Milliseconds between two looks. */
const TICK = 10
/** Milliseconds that a look counts at the most: in longer turns of the event loop, nobody sends or reads. */
const ATTENTIVE = 25
/** The same where nobody has a call that could answer it: that this process was busy is no excuse then. */
const LOST = 100
/** As many times as long may pass in all, whatever moves meanwhile. */
const PATIENCE = 10

interface Pending {
  since: number
  began: number
  expire: () => void
}

/** What is asked at every look. */
export interface Watch {
  /**
   * How time has passed for some of so many calls: something is on its way, somebody is silent who should answer, or
   * nobody has a call that could answer it. `passed` are the milliseconds of attentive time since it was asked before.
   */
  look (passed: number, calls: number): 'moving' | 'silent' | 'lost'
  /** Told of a call that waited in vain since then; whether nothing was answered meanwhile. */
  silent (since: number): boolean
  /** Whether to go on looking, though nothing is pending. */
  busy (): boolean
}

/**
 * Bounds how long promises may take, all equally long and so with a single timer. Where one has waited in vain and
 * nothing else was answered meanwhile, the others do not wait any longer either.
 *
 * Only attentive time counts. A turn of the event loop that took long counts as one look, since this process neither
 * sent nor read anything meanwhile; and while bytes are on their way, nothing counts.
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
    const passed = now - this.#lookedAt
    const attentive = Math.min(passed, ATTENTIVE)
    this.#lookedAt = now
    this.#awake += attentive
    const found = this.watch.look(attentive, this.#pending.size)
    if (found !== 'moving') this.#time += found === 'silent' ? attentive : Math.min(passed, LOST)
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
