import { generateKey } from '@holdfast/fastify'
import { type ChildServer, startChildServer } from '@holdfast/reference-server/child-server'
import { Proxy } from './proxy.js'
import { RedisStorage, type Storage } from './storage.js'

/** Three replicas that share a storage, behind a proxy that sends each request to the next of them. */
export class Fleet<S extends Storage = Storage> {
  private constructor (
    readonly storage: S,
    /** The process that serves now, or did last, in each place. */
    readonly replicas: ChildServer[],
    readonly proxy: Proxy,
    private readonly environment: Record<string, string>,
    private readonly entry: URL | undefined
  ) {}

  /**
   * A fleet on a Redis of its own.
   *
   * @param changes to the environment of the replicas
   */
  static async start (changes: Record<string, string> = {}): Promise<Fleet<RedisStorage>> {
    return await Fleet.on(await RedisStorage.start(), changes)
  }

  /**
   * @param storage of this fleet alone; the fleet stops it
   * @param changes to the environment of the replicas
   * @param entry the program of the replicas, if they are not reference servers
   */
  static async on<S extends Storage> (
    storage: S, changes: Record<string, string> = {}, entry?: URL
  ): Promise<Fleet<S>> {
    const environment = {
      ...storage.environment,
      HOLDFAST_HEARTBEAT: '1s',
      HOLDFAST_DRAIN_DELAY: '1s',
      HOLDFAST_KEYS: generateKey(),
      ...changes
    }
    const replicas = await Promise.all([0, 1, 2].map(async () => await startChildServer(environment, entry)))
    return new Fleet(storage, replicas, await Proxy.before(replicas.map(({ url }) => url)), environment, entry)
  }

  /** The endpoint, as clients see it. */
  get url (): URL { return this.proxy.url }

  /** The addresses of the replicas, in their order. */
  get places (): [URL, URL, URL] {
    return this.replicas.map(({ url }) => url) as [URL, URL, URL]
  }

  /** SIGKILL: what it was doing is lost. */
  async kill (place: number): Promise<void> {
    await this.#at(place).kill()
  }

  /**
   * SIGTERM, unless it is gone already, and the next process at the same address. Resolves when it gets requests.
   *
   * @param changes to the environment of the next process
   */
  async replace (place: number, changes: Record<string, string> = {}): Promise<void> {
    const replica = this.#at(place)
    const { exitCode, signalCode } = replica.process
    if (exitCode === null && signalCode === null) {
      const code = await replica.stop()
      if (code !== 0) throw new Error(`a replica ended with code ${code}: ${replica.log()}`)
    }
    const environment = { ...this.environment, ...changes, PORT: replica.url.port }
    this.replicas[place] = await startChildServer(environment, this.entry)
    await this.proxy.readiness.count(this.replicas.length)
  }

  /** What the replicas that serve now have written. */
  log (): string {
    return this.replicas.map(({ log }) => log()).join('')
  }

  async stop (): Promise<void> {
    this.proxy.close()
    await Promise.all(this.replicas.map(async replica => await replica.stop()))
    await this.storage.stop()
  }

  #at (place: number): ChildServer {
    const replica = this.replicas[place]
    if (replica === undefined) throw new RangeError(`there is no replica ${place}`)
    return replica
  }
}
