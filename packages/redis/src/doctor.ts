import { RedisAdvice, type RedisAdviceCode } from './advice.js'
import { RedisError } from './errors.js'

/** Milliseconds for which an unsafe Redis is not looked at again. */
const PATIENCE = 1000

/**
 * Looks at each server that the client gets connected to, says what is unsafe, and when asked to be strict, lets
 * nothing through.
 */
export class Doctor {
  readonly #told = new Set<RedisAdviceCode>()
  #examination: Promise<boolean> | undefined
  #at = -Infinity

  constructor (
    private readonly examine: () => Promise<RedisAdviceCode[]>,
    readonly strict: boolean,
    private readonly tell: (advice: RedisAdvice) => void,
    private readonly now: () => number
  ) {}

  /** For each new connection: after a failover it may be another server. Its failure is that of the connection. */
  readonly look = (): void => {
    this.#begin().catch(() => {})
  }

  /** @throws RedisError REDIS_UNSAFE, when strict and there is something unsafe */
  async admit (): Promise<void> {
    if (!this.strict || await (this.#examination ?? this.#begin())) return
    if (this.now() - this.#at > PATIENCE) this.look()
    throw new RedisError('REDIS_UNSAFE')
  }

  #begin (): Promise<boolean> {
    this.#at = this.now()
    const examination = this.#examine()
    this.#examination = examination
    examination.catch(() => { if (this.#examination === examination) this.#examination = undefined })
    return examination
  }

  async #examine (): Promise<boolean> {
    const found = await this.examine()
    for (const code of found) {
      if (!this.#told.has(code)) this.tell(new RedisAdvice(code))
      this.#told.add(code)
    }
    return found.length === 0
  }
}
