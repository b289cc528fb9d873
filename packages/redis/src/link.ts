import type { Redis } from 'ioredis'
import type { Breaker } from './breaker.js'
import type { Argument, Client } from './client.js'
import { Deadlines } from './deadlines.js'
import { RedisError, translate } from './errors.js'
import type { SafetyCheck } from './safety-check.js'
import { type Script, type ScriptName, scripts } from './script.js'
import { Sockets } from './sockets.js'

/**
 * Methods that ioredis has and its types lack. `callBuffer` is no substitute: in a client with `enableAutoPipelining`
 * it loses the name of the command.
 */
type Scripting = Record<
  'evalshaBuffer' | 'evalBuffer', (script: string, count: number, ...rest: Argument[]) => Promise<unknown>
>
type Evaluate = (
  client: Client, command: keyof Scripting, script: string, count: number, rest: Argument[]
) => Promise<unknown>

/** All calls to Redis go through here: each ends within its deadline, and each failure has a code. */
export class Link {
  readonly #deadlines: Deadlines
  /** The error of a caller that waits in vain for a connection. */
  #connectionError = new RedisError('REDIS_DISCONNECTED')
  #connected: Promise<void> | undefined
  #resolveConnected: (() => void) | undefined

  /**
   * @param replicated replicas that must confirm a {@link write}
   * @param own whether the backend made the client; then connections that are silent for twice the time-out are cut
   */
  constructor (
    readonly client: Client,
    private readonly breaker: Breaker,
    private readonly safetyCheck: SafetyCheck | undefined,
    private readonly commandTimeout: number,
    private readonly replicated = 0,
    own = false
  ) {
    const sockets = new Sockets(client)
    this.#deadlines = new Deadlines(commandTimeout, () => new RedisError('REDIS_TIMEOUT'), {
      timedOut: (since) => breaker.timedOut(since),
      busy: () => own && sockets.owed,
      look (passed, calls) {
        const found = sockets.look(passed, calls)
        if (own) sockets.cut(2 * commandTimeout)
        return found
      }
    })
    breaker.attentive = () => this.#deadlines.time
    client.on('error', this.#onError)
    client.on('ready', this.#onReady)
    if (client.status === 'ready') this.#onReady()
  }

  /** Runs a script. Strings in its answer are Buffers. */
  run (name: ScriptName, keys: readonly string[], args: readonly Argument[] = []): Promise<unknown> {
    return this.#evaluate(scripts[name], keys, args, evaluate)
  }

  /** Runs a script whose writes must last: as many replicas as `replicated` says must confirm them. */
  write (name: ScriptName, keys: readonly string[], args: readonly Argument[] = []): Promise<unknown> {
    return this.#evaluate(scripts[name], keys, args, this.replicated === 0 ? evaluate : this.#evaluateAndWait)
  }

  /**
   * @param safely whether an unsafe Redis is refused when the safety check is strict
   * @throws RedisError, or HoldfastError HOLDFAST_BACKEND_FULL
   */
  async ask<T> (call: (client: Client) => Promise<T>, safely = true): Promise<T> {
    this.breaker.admit()
    try {
      if (this.client.status !== 'ready') await this.#ready()
      if (safely && this.safetyCheck?.strict === true) await this.#deadlines.limit(this.safetyCheck.admit())
      this.#cork()
      const answer = await this.#deadlines.limit(call(this.client))
      this.breaker.answered()
      return answer
    } catch (error) {
      const failure = translate(error)
      if (failure instanceof RedisError && failure.outage) this.breaker.failed(failure.code)
      else this.breaker.answered()
      throw failure
    }
  }

  /** Stops listening to the client. */
  detach (): void {
    this.client.off('error', this.#onError)
    this.client.off('ready', this.#onReady)
  }

  #evaluate (
    { sha, source }: Script,
    keys: readonly string[],
    args: readonly Argument[],
    call: Evaluate
  ): Promise<unknown> {
    const rest = [...keys, ...args]
    return this.ask((client) => call(client, 'evalshaBuffer', sha, keys.length, rest).catch((error: unknown) => {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return call(client, 'evalBuffer', source, keys.length, rest)
    }))
  }

  /** WAIT counts the writes of its own connection, so it is sent with the command. */
  readonly #evaluateAndWait: Evaluate = async (client, command, script, count, rest) => {
    const pipeline = client.pipeline()
    void (pipeline as unknown as Scripting)[command](script, count, ...rest)
    pipeline.call('wait', this.replicated, Math.ceil(this.commandTimeout * 0.8))
    const [[failure, answer], [, confirmed]] =
      await pipeline.exec() as [[Error | null, unknown], [Error | null, unknown]]
    if (failure !== null) throw failure
    if (!(Number(confirmed) >= this.replicated)) throw new RedisError('REDIS_UNREPLICATED')
    return answer
  }

  /** All commands of one turn of the event loop leave in one write. Not on a Cluster: each node has its own socket. */
  #cork (): void {
    const { stream } = this.client as Redis
    if (stream === undefined || stream.writableCorked > 0) return
    stream.cork()
    setImmediate(() => { stream.uncork() })
  }

  /**
   * Waits for the connection. Otherwise commands would wait in the queue of the client and be sent long after their
   * callers gave up.
   */
  async #ready (): Promise<void> {
    const { client } = this
    if (client.status === 'end') throw new RedisError('REDIS_DISCONNECTED')
    if (client.status === 'wait') client.connect().catch(this.#onError)
    this.#connected ??= new Promise((resolve) => { this.#resolveConnected = resolve })
    try {
      await this.#deadlines.limit(this.#connected)
    } catch {
      throw this.#connectionError
    }
  }

  readonly #onError = (error: unknown): void => {
    const failure = translate(error)
    if (failure instanceof RedisError && failure.outage) this.#connectionError = failure
  }

  readonly #onReady = (): void => {
    this.#connectionError = new RedisError('REDIS_DISCONNECTED')
    this.breaker.answered()
    this.#resolveConnected?.()
    this.#connected = undefined
    this.safetyCheck?.look()
  }
}

const evaluate: Evaluate = (client, command, script, count, rest) =>
  (client as unknown as Scripting)[command](script, count, ...rest)
