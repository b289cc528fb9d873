/** Milliseconds between two looks. */
const LOOK_INTERVAL = 10
/**
 * Milliseconds that one look counts at most. In a longer turn of the event loop, the process neither sends nor reads.
 */
const MOST_PER_LOOK = 25
/** The same when the calls were lost: no node has them, so a busy process is no excuse for a missing answer. */
const MOST_PER_LOOK_LOST = 100
/** A call ends after this many times its deadline in attentive time, even if bytes move all the while. */
const HARD_LIMIT = 10

interface Pending {
  since: number
  began: number
  expire: () => void
}

/** What a {@link Deadlines} asks at every look. */
export interface Watch {
  /**
   * The state of the connection. `moving`: bytes are on their way. `silent`: a server owes an answer and sends nothing.
   * `lost`: no server has the call.
   *
   * @param passed milliseconds of attentive time since the previous look
   * @param calls calls without an answer
   */
  look (passed: number, calls: number): 'moving' | 'silent' | 'lost'
  /** A call that began at `since` has timed out. Returns whether no call was answered since then. */
  timedOut (since: number): boolean
  /** Whether to go on looking while no call is pending. */
  busy (): boolean
}

/**
 * Limits how long promises may take. All have the same deadline, so one timer is enough. When one promise times out and
 * no other was settled meanwhile, all of them time out.
 *
 * Only attentive time counts, in which this process could have read an answer. A long turn of the event loop counts as
 * one look, since the process neither sent nor read anything during it. While bytes are on their way, no time counts.
 */
export class Deadlines {
  readonly #pending = new Set<Pending>()
  #timer: NodeJS.Timeout | undefined
  #lookedAt = 0
  /** Milliseconds of attentive time, including those in which bytes moved. */
  #awake = 0
  /** Milliseconds of attentive time, without those in which bytes moved. */
  #time = 0

  constructor (private readonly ms: number, private readonly makeError: () => Error, private readonly watch: Watch) {}

  /** Milliseconds of attentive time in which no bytes moved. The clock stands still while no promise is pending. */
  get time (): number { return this.#time }

  /** Settles as the promise does, or rejects when the promise takes too long. */
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

  /** `setImmediate` lets Node read the sockets before the look. After a long turn, timers run first. */
  #arm (): void {
    this.#timer = setTimeout(() => { setImmediate(this.#look) }, LOOK_INTERVAL).unref()
  }

  readonly #look = (): void => {
    const now = performance.now()
    const passed = now - this.#lookedAt
    const attentive = Math.min(passed, MOST_PER_LOOK)
    this.#lookedAt = now
    this.#awake += attentive
    const found = this.watch.look(attentive, this.#pending.size)
    if (found !== 'moving') this.#time += found === 'silent' ? attentive : Math.min(passed, MOST_PER_LOOK_LOST)
    this.#expire()
    this.#timer = undefined
    if (this.#pending.size > 0 || this.watch.busy()) this.#arm()
  }

  #expire (): void {
    let all = false
    for (const pending of this.#pending) {
      if (all || this.#time - pending.since >= this.ms || this.#awake - pending.began >= HARD_LIMIT * this.ms) {
        all ||= this.watch.timedOut(pending.since)
        this.#pending.delete(pending)
        pending.expire()
      }
    }
  }
}
