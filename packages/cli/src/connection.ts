import type { Command } from 'commander'
import { type Backend, type Codec, Sessions, sealed } from '@holdfast/core'
import { Envelope, Keyring } from '@holdfast/envelope'
import { type RedisBackend, RedisRisk, redis } from '@holdfast/redis'
import { Failure, UsageError } from './failure.js'
import { type Io, proceed, say } from './io.js'
import { redisPlace } from './redis-place.js'

/** Milliseconds that a command waits for an answer of Redis. */
const PATIENCE = 2_000
/** Milliseconds that a connection may take to end. ioredis waits so long also for one that never was. */
const FAREWELL = 100

/** Which sessions a command is about. */
export interface Place {
  redis?: string
  master?: string
  prefix?: string
  namespace: string
  json?: boolean
}

/** Adds the options of {@link Place}. */
export function placed (command: Command): Command {
  return command
    .option('--redis <urls>', 'where the sessions live: redis:// or rediss:// (TLS), several with commas of a ' +
      'Cluster or of Sentinels (default: REDIS_URL)')
    .option('--master <name>', 'what the Sentinels call their master (default: HOLDFAST_REDIS_MASTER)')
    .option('--prefix <text>', 'what the keys in Redis begin with (default: HOLDFAST_REDIS_PREFIX, or else holdfast:)')
    .option('--namespace <name>', 'the namespace of the plugin', 'mcp')
    .option('--json', 'the result as JSON')
}

/** @throws Failure without keys, or what the keyring has against one */
export function codecOf ({ env: { HOLDFAST_KEYS: keys } }: Io): { codec: Codec, keyring: Keyring } {
  if (keys === undefined || keys === '') {
    throw new Failure(
      'HOLDFAST_KEYS is not set: give the keys of the servers, as id:base64,id:base64. Nothing was changed.'
    )
  }
  const keyring = new Keyring(keys)
  return { codec: sealed(new Envelope(keyring), keyring), keyring }
}

/** The URLs of the Redis that a command is about, and where they were found. */
export function urlsOf ({ env }: Io, { redis }: Pick<Place, 'redis'>): { urls: string | undefined, name: string } {
  return redis === undefined
    ? { urls: env.REDIS_URL || undefined, name: 'REDIS_URL' }
    : { urls: redis, name: '--redis' }
}

/** @throws UsageError without a URL, or for one that is none */
export function connect (io: Io, place: Place): RedisBackend {
  const { urls, name } = urlsOf(io, place)
  if (urls === undefined) throw new UsageError('Which Redis? Set REDIS_URL, or give --redis.')
  return backendAt(io, urls, name, place.master ?? io.env.HOLDFAST_REDIS_MASTER, prefixOf(io, place))
}

export function prefixOf ({ env }: Io, { prefix }: Place): string | undefined {
  return prefix ?? env.HOLDFAST_REDIS_PREFIX
}

/** @throws UsageError, InvalidOptionError */
export function backendAt (
  io: Io,
  urls: string,
  name: string,
  master: string | undefined,
  prefix: string | undefined
): RedisBackend {
  const { connection, ...url } = redisPlace(urls, master, name)
  return redis({
    ...url,
    connection: { ...connection, disconnectTimeout: FAREWELL },
    ...prefix !== undefined && { prefix },
    commandTimeout: PATIENCE,
    // `doctor` reports the risks of Redis.
    onWarning: warning => { if (!(warning instanceof RedisRisk)) say(io, `holdfast: warning: ${warning.message}`) }
  })
}

/** Opens the sessions, checks that the keys fit, and lets go of everything afterwards. */
export async function withSessions<T> (io: Io, place: Place, work: (sessions: Sessions) => Promise<T>): Promise<T> {
  const { codec } = codecOf(io)
  const backend = connect(io, place)
  try {
    const sessions = sessionsOf(backend, codec, place.namespace)
    await assertKeysFit(io, sessions)
    return await work(sessions)
  } finally {
    await backend.close()
  }
}

/** Without limits of its own: those are the servers'. */
export function sessionsOf (backend: Backend, codec: Codec, namespace: string): Sessions {
  const none = Number.MAX_SAFE_INTEGER
  return new Sessions({ backend, codec, namespace, limits: { maxSessions: none, maxPerOwner: none } })
}

/** One session that opens is enough: there may be damaged ones, and others whose key was taken away. */
async function assertKeysFit (io: Io, sessions: Sessions): Promise<void> {
  let amount = 0
  for await (const { state } of sessions.each()) {
    proceed(io)
    if (state !== undefined) return
    amount++
  }
  if (amount > 0) {
    throw new Failure(
      `The keys in HOLDFAST_KEYS open none of the ${amount} sessions there, or --namespace is another. ` +
      'Nothing was changed.'
    )
  }
}
