import { setImmediate } from 'node:timers/promises'
import { type Duration, LONGEST_TIMER, milliseconds } from './duration.js'
import type { StoredRecord } from './record.js'
import type { SealedStore } from './sealed-store.js'
import { within } from './within.js'

/** Milliseconds that a stop waits for the sweep under way. */
const SWEEP_WAIT = 5_000

/** A record that a sweep has claimed. */
export interface Expired {
  record: StoredRecord
  /** The record was unused for too long, or too old. */
  reason: 'idle' | 'absolute'
}

/**
 * Claims expired records, each for one caller in the whole fleet. Checks at most `limit` candidates; with `more`,
 * further records look due.
 */
export async function claimExpired (
  { availability, backend }: SealedStore, limit: number
): Promise<{ expired: Expired[], more: boolean }> {
  const { records, more } = await availability.ask(() => backend.records.claimExpired(limit))
  const expired = records.map(record => ({ record, reason: reasonOf(record) }))
  return { expired, more }
}

function reasonOf ({ usedAt, idle, deadline }: StoredRecord): Expired['reason'] {
  return usedAt + idle < deadline ? 'idle' : 'absolute'
}

/** The target of a {@link Sweeper}. */
export interface Swept {
  /** Removes some expired records; with `more`, further records look due. */
  sweep (): Promise<{ more: boolean }>
  /** Called with the error of a failed sweep. */
  report (error: unknown): void
  /** Lifetimes, in milliseconds. */
  readonly vault: { readonly idle: number, readonly absolute: number }
}

/** Sweeps at regular intervals with some jitter. Its timer never keeps the process alive. */
export class Sweeper {
  readonly #interval: number
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #stopped = true

  /**
   * @param interval default: a quarter of the shorter lifetime, between 250 ms and 15 s
   * @throws InvalidOptionError
   */
  constructor (
    private readonly swept: Swept,
    interval: Duration = Math.max(
      250, Math.min(15_000, Math.floor(Math.min(swept.vault.idle, swept.vault.absolute) / 4))
    )
  ) {
    this.#interval = milliseconds(interval, 'interval')
  }

  start (): void {
    if (!this.#stopped) return
    this.#stopped = false
    this.#schedule()
  }

  /**
   * Resolves when the sweep under way has ended, or after five seconds, so that a backend that never answers does not
   * block the caller.
   */
  async stop (): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await within(this.#running, SWEEP_WAIT)
  }

  #schedule (): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#running = this.#running.then(async () => await this.#sweep())
    }, Math.min(LONGEST_TIMER, this.#interval * (0.8 + Math.random() * 0.4))).unref()
  }

  async #sweep (): Promise<void> {
    try {
      while (!this.#stopped && (await this.swept.sweep()).more) await setImmediate()
    } catch (error) {
      this.swept.report(error)
    }
    if (!this.#stopped) this.#schedule()
  }
}
