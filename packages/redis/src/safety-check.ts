import { RedisError } from './errors.js'
import { RedisRisk, type RedisRiskCode } from './risks.js'

/** Milliseconds until an unsafe Redis is examined again. */
const RECHECK_AFTER = 1000

/**
 * Examines each server that the client connects to and warns of its risks. When strict, it rejects all calls while
 * there is a risk.
 */
export class SafetyCheck {
  readonly #warned = new Set<RedisRiskCode>()
  #examination: Promise<boolean> | undefined
  #at = -Infinity

  constructor (
    private readonly examine: () => Promise<RedisRiskCode[]>,
    readonly strict: boolean,
    private readonly warn: (risk: RedisRisk) => void,
    private readonly now: () => number
  ) {}

  /**
   * Call it for each new connection: after a failover it may be another server. A failed examination is ignored, since
   * the connection has then failed, too.
   */
  readonly look = (): void => {
    this.#begin().catch(() => {})
  }

  /** @throws RedisError REDIS_UNSAFE, when strict and there is a risk */
  async admit (): Promise<void> {
    if (!this.strict || await (this.#examination ?? this.#begin())) return
    if (this.now() - this.#at > RECHECK_AFTER) this.look()
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
      if (!this.#warned.has(code)) this.warn(new RedisRisk(code))
      this.#warned.add(code)
    }
    return found.length === 0
  }
}
