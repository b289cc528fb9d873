import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { call } from '@holdfast/clients/by-hand'
import { Account } from './account.js'
import { openSession } from './open.js'
import { answerIn, send } from '@holdfast/clients/send'

interface Counted {
  session: Record<string, string>
  account: Account
}

export interface CountersOptions {
  sessions: number
  /** Requests of one session that are under way at the same time. Default 1. */
  hands?: number
  /** Sent with every request. */
  headers?: Record<string, string>
}

/** Milliseconds after a failed request, as a client would wait. */
const BACK_OFF = 50

/** Clients that count, without a pause, each in a session of its own, and keep account of what they are told. */
export class Counters {
  readonly counted: Counted[] = []
  /** How often a request was not served, by the answer or the error. */
  readonly failures = new Map<string, number>()
  readonly #over = new AbortController()
  readonly #hands: Array<Promise<void>> = []
  #acknowledged = 0
  #ids = 0
  #wanted: { amount: number, resolve: () => void } | undefined

  private constructor (private readonly place: () => URL) {}

  /** @param place where the next request goes */
  static async begin (place: () => URL, { sessions, hands = 1, headers = {} }: CountersOptions): Promise<Counters> {
    const counters = new Counters(place)
    for (let i = 0; i < sessions; i++) {
      counters.counted.push({ session: await openSession(place(), headers), account: new Account() })
    }
    for (const one of counters.counted) for (let i = 0; i < hands; i++) counters.#hands.push(counters.#count(one))
    return counters
  }

  get acknowledged (): number { return this.#acknowledged }

  /** Resolves once so many increments are acknowledged. */
  async reached (amount: number): Promise<void> {
    if (this.#acknowledged >= amount) return
    await new Promise<void>(resolve => { this.#wanted = { amount, resolve } })
  }

  /** Resolves when nothing is under way any more. */
  async stop (): Promise<void> {
    this.#over.abort()
    await Promise.all(this.#hands)
  }

  /**
   * Stops, reads every total, and closes the accounts.
   *
   * @returns what came out of it, in words
   * @throws AssertionError an acknowledged increment is lost or was counted twice, or a living session was refused
   */
  async settle (): Promise<string> {
    await this.stop()
    for (const { session, account } of this.counted) {
      const { text } = await this.#served(session)
      account.close(answerIn(text).result.structuredContent.total)
    }
    const wrong = this.counted.flatMap(({ account }, n) => account.wrong.map(what => `session ${n}: ${what}`))
    assert.equal(wrong.length, 0, `${wrong.length} wrong, of these first: ${wrong.slice(0, 3).join('; ')}`)
    const unclear = this.counted.reduce((sum, { account }) => sum + account.unclear, 0)
    const failed = [...this.failures].map(([what, times]) => `${times} × ${what}`).join(', ')
    return `${this.#acknowledged} acknowledged increments in ${this.counted.length} sessions, none lost, ` +
      `none doubled; ${unclear} unclear${failed && ` (${failed})`}`
  }

  /** The total as soon as it can be had. */
  async #served (session: Record<string, string>): Promise<{ text: string }> {
    for (let tries = 0; ; tries++) {
      const message = { ...call('counter', { by: 0 }), id: ++this.#ids }
      const reply = await send(this.place(), { message, headers: session })
        .catch((error: Error) => ({ status: 0, text: error.message }))
      if (reply.status === 200 && answerIn(reply.text)?.result?.isError !== true) return reply
      if (reply.status === 404 || tries === 600) {
        throw new Error(`a total cannot be read: ${reply.status} ${reply.text}`)
      }
      await pause(BACK_OFF)
    }
  }

  async #count ({ session, account }: Counted): Promise<void> {
    while (!this.#over.signal.aborted) {
      const increment = account.begin()
      const message = { ...call('counter'), id: ++this.#ids }
      const problem = await send(this.place(), { message, headers: session }).then(({ status, text }) => {
        const answer = status === 200 ? answerIn(text) : undefined
        const total = answer?.result?.structuredContent?.total
        if (typeof total === 'number') {
          increment.counted(total)
          this.#acknowledge()
          return undefined
        }
        increment.unclear()
        if (status !== 200 && status !== 502 && status !== 503) account.wrong.push(`refused: ${status} ${text}`)
        return status === 200 ? 'an error as its answer' : String(status)
      }, (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNREFUSED') increment.notSent()
        else increment.unclear()
        return error.code ?? error.message
      })
      if (problem === undefined) continue
      this.failures.set(problem, (this.failures.get(problem) ?? 0) + 1)
      await pause(BACK_OFF)
    }
  }

  #acknowledge (): void {
    this.#acknowledged++
    if (this.#wanted !== undefined && this.#acknowledged >= this.#wanted.amount) {
      this.#wanted.resolve()
      this.#wanted = undefined
    }
  }
}
