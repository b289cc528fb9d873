import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKey } from '@holdfast/fastify'
import { type ChildServer, startChildServer } from '@holdfast/reference-server/child-server'

const ENTRY = new URL('../dist/server.js', import.meta.url)

/** The server as processes of their own, a primary and its workers, on a file in a folder of its own. */
export class Cores {
  private constructor (
    /** What holds the file. */
    readonly folder: string,
    private readonly environment: Record<string, string>,
    private server: ChildServer
  ) {}

  /** Resolves when all workers listen. */
  static async start (): Promise<Cores> {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-'))
    const environment = { HOLDFAST_KEYS: generateKey(), HOLDFAST_SQLITE: join(folder, 'sessions.db') }
    try {
      return new Cores(folder, environment, await startChildServer(environment, ENTRY))
    } catch (error) {
      await rm(folder, { recursive: true })
      throw error
    }
  }

  /** The endpoint. */
  get url (): URL { return this.server.url }

  /** The process of the primary. */
  get primary (): ChildServer['process'] { return this.server.process }

  /** The process ids of all workers that have listened since the primary started, in this order. */
  get workers (): number[] {
    return Array.from(this.server.output().matchAll(/^worker (\d+) listens$/gm), ([, pid]) => Number(pid))
  }

  /** What the primary and the workers have written to stderr. */
  log (): string { return this.server.log() }

  /** SIGKILL to one worker. Resolves when there is another one in its place. */
  async kill (worker: number): Promise<void> {
    const { length } = this.workers
    process.kill(worker, 'SIGKILL')
    while (this.workers.length === length) await this.#says()
  }

  /** SIGKILL to the primary; its workers end with it. Resolves when all workers listen again, at the same address. */
  async killAll (): Promise<void> {
    await this.server.kill()
    this.server = await startChildServer({ ...this.environment, PORT: this.url.port }, ENTRY)
  }

  /** SIGTERM to the primary. Resolves to its exit code. */
  async stop (): Promise<number | null> {
    return await this.server.stop()
  }

  /** Ends what still runs, and removes the folder. */
  async clear (): Promise<void> {
    if (this.primary.exitCode === null && this.primary.signalCode === null) await this.server.kill()
    await rm(this.folder, { recursive: true })
  }

  /** Resolves when the primary has written to stdout. */
  async #says (): Promise<void> {
    const { primary } = this
    const over = new AbortController()
    const end = (): void => { over.abort() }
    primary.once('exit', end)
    try {
      await once(primary.stdout as NodeJS.ReadableStream, 'data', over)
    } finally {
      primary.off('exit', end)
    }
  }
}
