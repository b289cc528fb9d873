import type { RedisOptions as ConnectionOptions } from 'ioredis'
import { InvalidOptionError } from '@holdfast/core'
import type { Client } from './client.js'

/** Options of {@link redis}: a `client`, or a `url` or `connection` to make one from, and what follows. */
export interface RedisOptions {
  /**
   * Your own client of ioredis: `Redis` or `Cluster`, for example `app.redis` of `@fastify/redis`. Closing the backend
   * leaves it open.
   */
  client?: Client
  /**
   * `redis://` or `rediss://` (TLS), as ioredis reads it; an array names nodes of a Cluster. The connection is made,
   * and closed, by the backend.
   */
  url?: string | readonly string[]
  /**
   * What ioredis takes for a connection, alone or beside `url`: `host`, `port`, `username`, `password`, `tls`,
   * `sentinels`, `name` …
   */
  connection?: ConnectionOptions
  /** Begins every key and channel. Two applications on one Redis need two. Default `'holdfast:'`. */
  prefix?: string
  /** Milliseconds after which a command that was not answered is given up. Default 500. */
  commandTimeout?: number
  /**
   * What to do about a Redis that does not keep sessions safe (see `REDIS_RISKS`): `'warn'` tells `onWarning`;
   * `'strict'` also rejects every call until it is safe. Default `'warn'`.
   */
  durability?: 'warn' | 'strict'
  /**
   * Replicas that must confirm each write before it counts as done. Fewer within the time-out: the call rejects, and
   * the write may or may not last. Default 0: done when Redis says so.
   */
  replicated?: number
  /** Events that a stream keeps; the oldest make room. Default 1,000. */
  maxEntries?: number
  /**
   * Bytes that a stream keeps: its events, with 64 for each besides, and its head. The newest event is kept whatever
   * its size; a head that is larger than this is refused with `HOLDFAST_BACKEND_FULL`. Default 1 MiB.
   */
  maxStreamBytes?: number
  /** Streams of a record from which on an ended one, the oldest, is forgotten for each new one. Default 16. */
  maxStreams?: number
  /**
   * Tombstones of removed records that are kept at a time; of more, those go that would have ended first. A tombstone
   * needs about 350 bytes. Default 100,000.
   */
  maxTombstones?: number
  /**
   * Told of what needs an operator: values under the prefix that are not ours, and a Redis that is not safe. Default: a
   * warning of the process.
   */
  onWarning?: (warning: Error) => void
  /** The part before the dot of the keys that an owner's records have. Default: as `@holdfast/core` makes them. */
  ownerTag?: (owner: string) => string
}

export interface Bounds {
  maxEntries: number
  maxStreamBytes: number
  maxStreams: number
}

export const DEFAULTS = {
  prefix: 'holdfast:',
  commandTimeout: 500,
  durability: 'warn' as 'warn' | 'strict',
  replicated: 0,
  maxEntries: 1000,
  maxStreamBytes: 2 ** 20,
  maxStreams: 16,
  maxTombstones: 100_000
}

type Check = [valid: (value: unknown) => boolean, expected: string]

const NUMBER: Check = [(value) => Number.isSafeInteger(value) && (value as number) >= 1, 'a whole number of at least 1']
const FUNCTION: Check = [(value) => typeof value === 'function', 'a function']
const isUrl = (value: unknown): boolean =>
  typeof value === 'string' && /^rediss?:\/\//.test(value) && URL.canParse(value)
const OBJECT: Check = [(value) => typeof value === 'object' && value !== null, 'an object']

const CHECKS: Record<keyof RedisOptions, Check> = {
  client: [(value) => typeof (value as Partial<Client> | null)?.callBuffer === 'function', 'a client of ioredis'],
  url: [
    (value) => isUrl(value) || (Array.isArray(value) && value.length > 0 && value.every(isUrl)),
    'a URL that begins with redis:// or rediss://, or several of a Cluster'
  ],
  connection: OBJECT,
  prefix: [
    (value) => typeof value === 'string' && /^[^{}\s]{1,64}$/.test(value),
    '1 to 64 characters without braces and white space'
  ],
  commandTimeout: NUMBER,
  durability: [(value) => value === 'warn' || value === 'strict', "'warn' or 'strict'"],
  replicated: [(value) => value === 0 || NUMBER[0](value), 'a whole number'],
  maxEntries: NUMBER,
  maxStreamBytes: NUMBER,
  maxStreams: NUMBER,
  maxTombstones: NUMBER,
  onWarning: FUNCTION,
  ownerTag: FUNCTION
}

export type Settings = RedisOptions & typeof DEFAULTS & { onWarning: (warning: Error) => void }

/** @throws InvalidOptionError */
export function readOptions (given: RedisOptions): Settings {
  const set = Object.entries(given).filter(([, value]) => value !== undefined)
  for (const [name, value] of set) {
    if (!Object.hasOwn(CHECKS, name)) throw new InvalidOptionError(name, 'there is no such option')
    const [valid, expected] = CHECKS[name as keyof RedisOptions]
    if (!valid(value)) throw new InvalidOptionError(name, `expected ${expected}`)
  }
  const own = given.url !== undefined || given.connection !== undefined
  if (own === (given.client !== undefined)) {
    throw new InvalidOptionError('client', 'expected a client, or else a url or connection')
  }
  return { onWarning: (warning) => { process.emitWarning(warning) }, ...DEFAULTS, ...Object.fromEntries(set) }
}
