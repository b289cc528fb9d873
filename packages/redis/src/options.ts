import type { RedisOptions as ConnectionOptions } from 'ioredis'
import { type Duration, InvalidOptionError, milliseconds, refuseUnset } from '@holdfast/core'
import type { Client } from './client.js'

/** Options of {@link redis}. Either `client` is required, or `url` or `connection` or both. */
export interface RedisOptions {
  /**
   * Your own ioredis client: a `Redis` or a `Cluster`, for example `app.redis` of `@fastify/redis`. Closing the backend
   * leaves it open.
   */
  client?: Client
  /**
   * A URL that begins with `redis://`, or `rediss://` for TLS; an array of them names nodes of a Cluster. The backend
   * makes the connection and closes it. `undefined`, such as an unset variable of the environment, is an error.
   */
  url?: string | readonly string[] | undefined
  /**
   * The name of the master that Sentinels watch. With it, `url` lists the Sentinels. User, password, database and TLS
   * of the first URL are those of the servers.
   */
  master?: string
  /**
   * Connection options of ioredis, alone or together with `url`: `host`, `port`, `username`, `password`, `tls`,
   * `sentinels`, `name` …
   */
  connection?: ConnectionOptions
  /** Prefix of all keys and channels. Two applications on one Redis need different prefixes. Default `'holdfast:'`. */
  prefix?: string
  /** Time until a command without an answer is given up. Default 500 ms. */
  commandTimeout?: Duration
  /**
   * How to treat a Redis that is not safe for sessions; `REDIS_RISKS` lists the risks. `'warn'` passes each risk to
   * `onWarning`. `'strict'` also rejects all calls until Redis is safe. Default `'warn'`.
   */
  durability?: 'warn' | 'strict'
  /**
   * Replicas of Redis that must confirm each write within the time-out. If fewer confirm it, the call rejects, and the
   * write may or may not last. Default 0: a write is done when the master confirms it.
   */
  replicated?: number
  /** Events kept per stream. Beyond this, the oldest events are dropped. Default 1,000. */
  maxEntries?: number
  /**
   * Bytes kept per stream: its events, plus 64 for each event, plus its head. The newest event is kept even if it alone
   * is larger. A larger head is refused with `HOLDFAST_BACKEND_FULL`. Default 1 MiB.
   */
  maxStreamBytes?: number
  /** Streams kept per record. Beyond this, the oldest ended stream is dropped for each new one. Default 16. */
  maxStreams?: number
  /**
   * Tombstones of removed records that are kept. Beyond this, the tombstones that would end first are dropped. A
   * tombstone takes about 350 bytes. Default 100,000.
   */
  maxTombstones?: number
  /**
   * Called with each warning for an operator: a value under the prefix that Holdfast did not write, or a risk of this
   * Redis. Default: a process warning.
   */
  onWarning?: (warning: Error) => void
  /**
   * Maps an owner to the tag of its records: the part before the dot of their keys. All keys of an owner share it.
   * Default: the tag that `@holdfast/core` makes.
   */
  ownerTag?: (owner: string) => string
}

export interface Bounds {
  maxEntries: number
  maxStreamBytes: number
  maxStreams: number
}

export const DEFAULTS = {
  prefix: 'holdfast:',
  commandTimeout: '500ms',
  durability: 'warn' as 'warn' | 'strict',
  replicated: 0,
  maxEntries: 1000,
  maxStreamBytes: 2 ** 20,
  maxStreams: 16,
  maxTombstones: 100_000
}

/** The options that name a Redis. An `undefined` here is a mistake: without it, the backend would use another Redis. */
const TARGETS = ['client', 'url', 'connection'] as const

type Check = [valid: (value: unknown) => boolean, expected: string]

const NUMBER: Check = [(value) => Number.isSafeInteger(value) && (value as number) >= 1, 'a whole number of at least 1']
const FUNCTION: Check = [(value) => typeof value === 'function', 'a function']
const isUrl = (value: unknown): boolean =>
  typeof value === 'string' && /^rediss?:\/\//.test(value) && URL.canParse(value)
const OBJECT: Check = [(value) => typeof value === 'object' && value !== null, 'an object']

/** Every option but `commandTimeout`, which {@link milliseconds} checks. */
const CHECKS: Record<Exclude<keyof RedisOptions, 'commandTimeout'>, Check> = {
  client: [(value) => typeof (value as Partial<Client> | null)?.callBuffer === 'function', 'an ioredis client'],
  url: [
    (value) => isUrl(value) || (Array.isArray(value) && value.length > 0 && value.every(isUrl)),
    'a URL that begins with redis:// or rediss://, or an array of them for a Cluster'
  ],
  master: [(value) => typeof value === 'string' && value !== '', 'the name of a master'],
  connection: OBJECT,
  prefix: [
    (value) => typeof value === 'string' && /^[^{}\s]{1,64}$/.test(value),
    '1 to 64 characters without braces and white space'
  ],
  durability: [(value) => value === 'warn' || value === 'strict', "'warn' or 'strict'"],
  replicated: [(value) => value === 0 || NUMBER[0](value), 'a whole number of at least 0'],
  maxEntries: NUMBER,
  maxStreamBytes: NUMBER,
  maxStreams: NUMBER,
  maxTombstones: NUMBER,
  onWarning: FUNCTION,
  ownerTag: FUNCTION
}

/** The options as the backend uses them: with defaults, and with its time span in milliseconds. */
export type Settings = Omit<RedisOptions, 'commandTimeout'> & Omit<typeof DEFAULTS, 'commandTimeout'> & {
  commandTimeout: number
  onWarning: (warning: Error) => void
}

/** @throws InvalidOptionError */
export function readOptions (given: RedisOptions): Settings {
  const { commandTimeout = DEFAULTS.commandTimeout, ...others } = given
  const set = Object.entries<unknown>(others).filter(([, value]) => value !== undefined)
  for (const [name, value] of set) {
    if (!Object.hasOwn(CHECKS, name)) throw new InvalidOptionError(name, 'there is no such option')
    const [valid, expected] = CHECKS[name as keyof typeof CHECKS]
    if (!valid(value)) throw new InvalidOptionError(name, `expected ${expected}`)
  }
  checkTargets(given)
  return {
    onWarning: (warning) => { process.emitWarning(warning) },
    ...DEFAULTS,
    ...Object.fromEntries(set),
    commandTimeout: milliseconds(commandTimeout, 'commandTimeout')
  }
}

function checkTargets (given: RedisOptions): void {
  refuseUnset(given, TARGETS)
  const own = given.url !== undefined || given.connection !== undefined
  if (own === (given.client !== undefined)) {
    throw new InvalidOptionError('client', 'expected either a client, or a url or connection')
  }
  if (given.master !== undefined && given.url === undefined) {
    throw new InvalidOptionError('master', 'needs url, which lists the Sentinels')
  }
}
