import { setTimeout as pause } from 'node:timers/promises'
import { call } from '@holdfast/clients/by-hand'
import { openSession } from './open.js'
import { answerIn, send } from '@holdfast/clients/send'

/** Milliseconds between two requests. */
const PACE = 10

/** A client that is served throughout, and takes the time. */
export class Watch {
  readonly #times: number[] = []
  readonly #over = new AbortController()
  readonly #done: Promise<void>

  private constructor (private readonly url: URL, private readonly session: Record<string, string>) {
    this.#done = this.#run()
    // Whoever stops it hears of a failure.
    this.#done.catch(() => {})
  }

  static async begin (url: URL, headers: Record<string, string> = {}): Promise<Watch> {
    return new Watch(url, await openSession(url, headers))
  }

  /** @throws Error a request was not served */
  async stop (): Promise<{ p99: number, requests: number }> {
    this.#over.abort()
    await this.#done
    return { p99: percentile(this.#times, 0.99), requests: this.#times.length }
  }

  async #run (): Promise<void> {
    while (!this.#over.signal.aborted) {
      const began = performance.now()
      const { status, text } = await send(this.url, { message: call('counter'), headers: this.session })
      this.#times.push(performance.now() - began)
      if (status !== 200 || answerIn(text)?.result === undefined) {
        throw new Error(`a request of somebody else was answered ${status}: ${text}`)
      }
      await pause(PACE)
    }
  }
}

/** Of these numbers, the one that a share of them does not exceed. */
export function percentile (numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}

/** The one in the middle. */
export function median (numbers: readonly number[]): number {
  return percentile(numbers, 0.5)
}
