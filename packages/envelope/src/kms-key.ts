import { type KeyObject, randomFillSync } from 'node:crypto'
import { types } from 'node:util'
import { EnvelopeError } from './errors.js'
import type { Key } from './key.js'
import type { KeyProvider } from './key-provider.js'
import { isZero } from './key-spec.js'
import { MAX_WRAPPED_SIZE, writePrefix } from './layout.js'
import { KEY_SIZE, pseudorandomKey, type RootKey } from './message.js'
import { UnwrappedKeys } from './unwrapped-keys.js'

/** Milliseconds. */
const DEFAULT_MAX_AGE = 3_600_000
const DEFAULT_MAX_USES = 1_000_000
/** Milliseconds. */
const DEFAULT_TIMEOUT = 10_000
/** Milliseconds. A longer timer of Node fires after 1 ms. */
const LONGEST_TIMEOUT = 2 ** 31 - 1
/** The part of a data key's life after which its successor is made. */
const RENEW_AFTER = 0.8
/** Milliseconds between attempts to make a successor. */
const RETRY_INTERVAL = 5_000

interface DataKey {
  root: RootKey
  madeAt: number
  uses: number
}

/** A key in a KMS. It seals under one data key at a time, and makes the next one while the current one still serves. */
export class KmsKey implements Key {
  readonly id: string
  readonly wraps = true
  readonly #provider: KeyProvider
  readonly #now: () => number
  readonly #maxAge: number
  readonly #maxUses: number
  readonly #timeout: number
  readonly #unwrapped: UnwrappedKeys
  #current: DataKey | undefined
  #making: Promise<void> | undefined
  #retryAt = -Infinity

  constructor (provider: KeyProvider, now: () => number) {
    this.id = provider.id
    this.#provider = provider
    this.#now = now
    this.#maxAge = provider.maxAge ?? DEFAULT_MAX_AGE
    this.#maxUses = provider.maxUses ?? DEFAULT_MAX_USES
    this.#timeout = Math.min(provider.timeout ?? DEFAULT_TIMEOUT, LONGEST_TIMEOUT)
    this.#unwrapped = new UnwrappedKeys(wrapped => this.#unwrap(wrapped), this.#maxAge, now)
  }

  isOf (provider: KeyProvider): boolean {
    return this.#provider === provider
  }

  sealing (): RootKey | Promise<RootKey> {
    const now = this.#now()
    const current = this.#current
    if (current === undefined || !this.#serves(current, now, 1)) return this.#make().then(() => this.sealing())
    current.uses++
    if (!this.#serves(current, now, RENEW_AFTER) && now >= this.#retryAt) this.#makeEarly(now)
    return current.root
  }

  opening (wrapped: Buffer): KeyObject | Promise<KeyObject | undefined> {
    return this.#unwrapped.get(wrapped)
  }

  #serves ({ madeAt, uses }: DataKey, now: number, part: number): boolean {
    return now - madeAt < this.#maxAge * part && uses < this.#maxUses * part
  }

  #makeEarly (now: number): void {
    this.#retryAt = now + RETRY_INTERVAL
    this.#make().catch(() => {
      process.emitWarning('The KMS provided no new data key. The current one stays in use until its limits.', {
        code: 'HOLDFAST_KMS_UNAVAILABLE'
      })
    })
  }

  #make (): Promise<void> {
    this.#making ??= this.#wrapNew().finally(() => { this.#making = undefined })
    return this.#making
  }

  async #wrapNew (): Promise<void> {
    const dataKey = randomFillSync(Buffer.alloc(KEY_SIZE))
    const pseudorandom = pseudorandomKey(dataKey)
    try {
      const wrapped = await ask(() => this.#provider.wrap(dataKey), this.#timeout)
      if (!types.isUint8Array(wrapped) || wrapped.length === 0 || wrapped.length > MAX_WRAPPED_SIZE) {
        throw misbehaved('wrap')
      }
      const madeAt = this.#now()
      this.#current = { root: { prefix: writePrefix(this.id, wrapped), pseudorandom }, madeAt, uses: 0 }
      this.#unwrapped.add(wrapped, pseudorandom)
    } finally {
      dataKey.fill(0)
    }
  }

  async #unwrap (wrapped: Buffer): Promise<KeyObject | undefined> {
    const dataKey = await ask(() => this.#provider.unwrap(wrapped), this.#timeout, wipe)
    if (dataKey === undefined) return undefined
    try {
      if (!types.isUint8Array(dataKey) || dataKey.length !== KEY_SIZE || isZero(dataKey)) throw misbehaved('unwrap')
      return pseudorandomKey(dataKey)
    } finally {
      wipe(dataKey)
    }
  }
}

function wipe (dataKey: unknown): void {
  if (types.isUint8Array(dataKey)) dataKey.fill(0)
}

/**
 * Calls the KMS, within a time limit.
 *
 * @param discard called with an answer that comes too late
 * @throws EnvelopeError HOLDFAST_KMS_UNAVAILABLE, also when there is no answer in time
 */
async function ask<T> (call: () => Promise<T>, timeout: number, discard?: (late: T) => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  let over = false
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      over = true
      reject(new Error('the KMS did not answer in time'))
    }, timeout)
  })
  const answered = (async () => {
    const answer = await call()
    if (over) discard?.(answer)
    return answer
  })()
  return await Promise.race([answered, late])
    .catch(cause => { throw new EnvelopeError('HOLDFAST_KMS_UNAVAILABLE', { cause }) })
    .finally(() => { clearTimeout(timer) })
}

function misbehaved (method: 'wrap' | 'unwrap'): EnvelopeError {
  const expected = method === 'wrap' ? `1 to ${MAX_WRAPPED_SIZE} bytes` : '32 bytes, not all zero'
  return new EnvelopeError('HOLDFAST_KMS_UNAVAILABLE', { cause: new TypeError(`${method}: expected ${expected}`) })
}
