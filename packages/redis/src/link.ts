import type { Redis } from 'ioredis'
import type { Breaker } from './breaker.js'
import type { Argument, Client } from './client.js'
import { Deadlines } from './deadlines.js'
import type { Doctor } from './doctor.js'
import { RedisError, translate } from './errors.js'
import { Lines } from './lines.js'
import { type Script, type ScriptName, scripts } from './script.js'

type Sent = string | number | Buffer

/**
 * ioredis has them and its types do not. In a client with `enableAutoPipelining` its `callBuffer` loses the name of the
 * command.
 */
type Scripting = Record<
  'evalshaBuffer' | 'evalBuffer', (script: string, count: number, ...rest: Sent[]) => Promise<unknown>
>
type Evaluate = (
  client: Client, command: keyof Scripting, script: string, count: number, rest: Sent[]
) => Promise<unknown>

/** The one way to Redis: nothing stays pending, and what goes wrong has a name. */
export class Link {
  readonly #deadlines: Deadlines
  /** What a caller is told who waits in vain for a connection. */
  #trouble = new RedisError('REDIS_DISCONNECTED')
  #arrival: Promise<void> | undefined
  #arrived: (() => void) | undefined

  /**
   * @param replicated how many replicas must confirm a {@link write}
   * @param own whether the connections are the backend's, which cuts those that are silent for twice the time-out
   */
  constructor (
    readonly client: Client,
    private readonly breaker: Breaker,
    private readonly doctor: Doctor | undefined,
    private readonly commandTimeout: number,
    private readonly replicated = 0,
    own = false
  ) {
    const lines = new Lines(client)
    this.#deadlines = new Deadlines(commandTimeout, () => new RedisError('REDIS_TIMEOUT'), {
      silent: (since) => breaker.silent(since),
      busy: () => own && lines.owed,
      look (passed, calls) {
        const found = lines.look(passed, calls)
        if (own) lines.cut(2 * commandTimeout)
        return found
      }
    })
    breaker.attentive = () => this.#deadlines.time
    client.on('error', this.#onError)
    client.on('ready', this.#onReady)
    if (client.status === 'ready') this.#onReady()
  }

  /** Runs a script. Strings come back as Buffers. */
  run (name: ScriptName, keys: readonly string[], args: readonly Argument[] = []): Promise<unknown> {
    return this.#evaluate(scripts[name], keys, args, evaluate)
  }

  /** Runs a script that stores something which must last. */
  write (name: ScriptName, keys: readonly string[], args: readonly Argument[] = []): Promise<unknown> {
    return this.#evaluate(scripts[name], keys, args, this.replicated === 0 ? evaluate : this.#evaluateAndWait)
  }

  /**
   * @param safely whether a Redis that is not safe is refused, where the doctor is strict
   * @throws RedisError, or HoldfastError HOLDFAST_BACKEND_FULL
   */
  async ask<T> (call: (client: Client) => Promise<T>, safely = true): Promise<T> {
    this.breaker.admit()
    try {
      if (this.client.status !== 'ready') await this.#ready()
      if (safely && this.doctor?.strict === true) await this.#deadlines.limit(this.doctor.admit())
      this.#gather()
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

  /** Lets go of the client. */
  leave (): void {
    this.client.off('error', this.#onError)
    this.client.off('ready', this.#onReady)
  }

  #evaluate (
    { sha, source }: Script,
    keys: readonly string[],
    args: readonly Argument[],
    call: Evaluate
  ): Promise<unknown> {
    const rest = [...keys, ...args.map(toSent)]
    return this.ask((client) => call(client, 'evalshaBuffer', sha, keys.length, rest).catch((error: unknown) => {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return call(client, 'evalBuffer', source, keys.length, rest)
    }))
  }

  /** WAIT speaks of the writes of its own connection, so it goes with the command. */
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

  /** What is sent in one turn of the event loop leaves in one write. Each node of a Cluster has a socket of its own. */
  #gather (): void {
    const { stream } = this.client as Redis
    if (stream === undefined || stream.writableCorked > 0) return
    stream.cork()
    setImmediate(() => { stream.uncork() })
  }

  /**
   * Until the connection is there, so that nothing waits in the queue of the client, to be sent long after it was given
   * up.
   */
  async #ready (): Promise<void> {
    const { client } = this
    if (client.status === 'end') throw new RedisError('REDIS_DISCONNECTED')
    if (client.status === 'wait') client.connect().catch(this.#onError)
    this.#arrival ??= new Promise((resolve) => { this.#arrived = resolve })
    try {
      await this.#deadlines.limit(this.#arrival)
    } catch {
      throw this.#trouble
    }
  }

  readonly #onError = (error: unknown): void => {
    const trouble = translate(error)
    if (trouble instanceof RedisError && trouble.outage) this.#trouble = trouble
  }

  readonly #onReady = (): void => {
    this.#trouble = new RedisError('REDIS_DISCONNECTED')
    this.breaker.answered()
    this.#arrived?.()
    this.#arrival = undefined
    this.doctor?.look()
  }
}

const evaluate: Evaluate = (client, command, script, count, rest) =>
  (client as unknown as Scripting)[command](script, count, ...rest)

/** Bytes are copied: the caller may change them before they are sent, or sent again. */
function toSent (value: Argument): Sent {
  return typeof value === 'object' ? Buffer.from(value) : value
}
