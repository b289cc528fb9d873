import { HoldfastError } from '@holdfast/core'
import type { Connection } from './connection.js'
import type { Durability } from './durability.js'
import { SqliteError, isBusy } from './errors.js'

/** Milliseconds of work after which the rest of a turn gets a transaction of its own. */
const SLICE = 4

/**
 * Milliseconds until a call gives up a file that another process keeps locked, and attempts that it makes after them: a
 * process that was stopped meanwhile has waited for nobody.
 */
const PATIENCE = 2000
const ATTEMPTS = 10

interface Job {
  run: () => unknown
  durable: boolean
  since: number
  attempts: number
  /** Gets a transaction of its own. */
  alone: boolean
  settle: (outcome: Outcome) => void
}

type Outcome = { result: unknown } | { error: unknown }

/**
 * The writes of this process. All writes of one turn of the event loop are one transaction, which begins and ends in
 * one turn: a transaction that waited for something would keep other processes waiting, too.
 */
export class Turns {
  #jobs: Job[] = []
  #scheduled = false
  #ended: (() => void) | undefined
  #closed = false

  /** @param committed called after each transaction; returns what the next one has to wait for */
  constructor (
    private readonly connection: Connection,
    private readonly durability: Durability,
    private readonly committed: () => Promise<unknown> | undefined
  ) {}

  /**
   * Runs a write, together with others. It must be synchronous, and throw a HoldfastError only before it has written.
   *
   * @param durable whether to resolve only when the disk has it. Default true
   * @throws SqliteError SQLITE_CLOSED after {@link close}, and what the file or `run` throws
   */
  async write<T> (run: () => T, durable = true): Promise<T> {
    if (this.#closed) throw new SqliteError('SQLITE_CLOSED')
    const outcome = await new Promise<Outcome>((resolve) => {
      this.#jobs.push({ run, durable, since: performance.now(), attempts: 0, alone: false, settle: resolve })
      this.#schedule()
    })
    if ('error' in outcome) throw outcome.error
    return outcome.result as T
  }

  /** Runs a read at once. Waits only while another process recovers or replaces the whole file. */
  // Not async: each request comes through here, and hardly ever has to wait.
  read<T> (run: () => T | Promise<T>): Promise<T> {
    try {
      return Promise.resolve(this.connection.ask(run))
    } catch (error) {
      return this.#readLater(run, error)
    }
  }

  /** Refuses further writes. Resolves when no write is waiting any more. */
  async close (): Promise<void> {
    this.#closed = true
    if (this.#jobs.length > 0) await new Promise<void>((resolve) => { this.#ended = resolve })
  }

  async #readLater<T> (run: () => T | Promise<T>, failure: unknown): Promise<T> {
    const end = performance.now() + PATIENCE
    while (isBusy(failure) && performance.now() <= end) {
      await pause()
      try {
        return await this.connection.ask(run)
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  #schedule (): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => { void this.#turn() })
  }

  async #turn (): Promise<void> {
    const jobs = this.#jobs
    this.#jobs = []
    const left = this.#commit(jobs)
    this.#jobs = [...left, ...this.#jobs]
    if (left.length > 0 && left[0] === jobs[0]) await pause()
    else await this.committed()
    this.#scheduled = false
    if (this.#jobs.length > 0) this.#schedule()
    else this.#ended?.()
  }

  /** @returns the jobs that it did not get to */
  #commit (jobs: Job[]): Job[] {
    const batch = jobs[0]?.alone === true ? jobs.slice(0, 1) : jobs
    const done: Array<[Job, Outcome]> = []
    try {
      this.connection.transaction(() => {
        const end = performance.now() + SLICE
        for (const job of batch) {
          done.push([job, attempt(job)])
          if (performance.now() > end) break
        }
      })
    } catch (error) {
      return this.#recover(jobs, done.length + 1, error)
    }
    this.#settle(done)
    return jobs.slice(done.length)
  }

  /**
   * After a failed transaction each of its writes gets a transaction of its own, since only one may be to blame.
   *
   * @param tried how many of the jobs may have been in it
   */
  #recover (jobs: Job[], tried: number, error: unknown): Job[] {
    if (isBusy(error)) {
      const late = performance.now() - PATIENCE
      const [ended, left] = [[] as Job[], [] as Job[]]
      for (const job of jobs) (job.since <= late && ++job.attempts >= ATTEMPTS ? ended : left).push(job)
      for (const job of ended) job.settle({ error })
      return left
    }
    if (!concernsOne(error)) {
      for (const job of jobs) job.settle({ error })
      return []
    }
    const [first, ...others] = jobs as [Job, ...Job[]]
    if (first.alone || jobs.length === 1) {
      first.settle({ error })
      return others
    }
    for (const job of jobs.slice(0, tried)) job.alone = true
    return jobs
  }

  #settle (done: Array<[Job, Outcome]>): void {
    const durable = done.filter(([job]) => job.durable)
    for (const [job, outcome] of done) if (!job.durable) job.settle(outcome)
    if (durable.length === 0) return
    this.durability.confirm().then(
      () => { for (const [job, outcome] of durable) job.settle(outcome) },
      (error: unknown) => { for (const [job] of durable) job.settle({ error }) }
    )
  }
}

/** Only an answer that the write itself gave lets the transaction go on. */
function attempt (job: Job): Outcome {
  try {
    return { result: job.run() }
  } catch (error) {
    if (error instanceof HoldfastError) return { error }
    throw error
  }
}

/** Whether a write may have failed for a reason of its own: it has no room, or SQLite refused it. */
function concernsOne (error: unknown): boolean {
  return error instanceof HoldfastError || (error instanceof SqliteError && error.code === 'SQLITE_FAILED')
}

/** Random, so that processes do not meet again. */
async function pause (): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1 + Math.random() * 5))
}
