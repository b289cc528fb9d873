import type { Command } from 'commander'
import { type Backend, type Codec, Sessions } from '@holdfast/core'
import { type RedisBackend, RedisRisk, redis } from '@holdfast/redis'
import { Failure, UsageError } from './failure.js'
import { type Io, proceed, say } from './io.js'
import { codecOf } from './key-source.js'
import { redisPlace } from './redis-place.js'

/** Time that a command waits for an answer of Redis. */
const COMMAND_TIMEOUT = '2s'
/** Milliseconds that a connection may take to close. ioredis waits this long even if it never connected. */
const DISCONNECT_TIMEOUT = 100

/** The sessions that a command works on. */
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
    .option('--redis <urls>', 'the Redis that holds the sessions: redis:// or rediss:// (TLS); separate several ' +
      'URLs, of a Cluster or of Sentinels, with commas (default: REDIS_URL)')
    .option('--master <name>', 'the name of the master that the Sentinels watch (default: HOLDFAST_REDIS_MASTER)')
    .option('--prefix <text>', 'the prefix of all keys in Redis (default: HOLDFAST_REDIS_PREFIX, or holdfast:)')
    .option('--namespace <name>', 'the namespace of the servers', 'mcp')
    .option('--json', 'print the result as JSON')
}

/** The URLs of the Redis that a command works on, and the option or variable that they come from. */
export function urlsOf ({ env }: Io, { redis }: Pick<Place, 'redis'>): { urls: string | undefined, name: string } {
  return redis === undefined
    ? { urls: env.REDIS_URL || undefined, name: 'REDIS_URL' }
    : { urls: redis, name: '--redis' }
}

/** @throws UsageError without a URL, or with a malformed one */
export function connect (io: Io, place: Place): RedisBackend {
  const { urls, name } = urlsOf(io, place)
  if (urls === undefined) throw new UsageError('No Redis is given. Set REDIS_URL, or use --redis.')
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
  return redis({
    ...redisPlace(urls, master, name),
    connection: { disconnectTimeout: DISCONNECT_TIMEOUT },
    ...prefix !== undefined && { prefix },
    commandTimeout: COMMAND_TIMEOUT,
    // `doctor` reports the risks of Redis.
    onWarning: warning => { if (!(warning instanceof RedisRisk)) say(io, `holdfast: warning: ${warning.message}`) }
  })
}

/** Opens the sessions, checks that the keys fit, and closes the connection afterwards. */
export async function withSessions<T> (io: Io, place: Place, work: (sessions: Sessions) => Promise<T>): Promise<T> {
  const { codec } = await codecOf(io)
  const backend = connect(io, place)
  try {
    const sessions = sessionsOf(backend, codec, place.namespace)
    await assertKeysFit(io, sessions)
    return await work(sessions)
  } finally {
    await backend.close()
  }
}

/** A manager of these sessions without limits: the limits are set on the servers. */
export function sessionsOf (backend: Backend, codec: Codec, namespace: string): Sessions {
  const none = Number.MAX_SAFE_INTEGER
  return new Sessions({ backend, codec, namespace, limits: { maxSessions: none, maxPerOwner: none } })
}

/** One session that opens is enough: some sessions may be damaged, or sealed with a key that was dropped. */
async function assertKeysFit (io: Io, sessions: Sessions): Promise<void> {
  let amount = 0
  for await (const { state } of sessions.each()) {
    proceed(io)
    if (state !== undefined) return
    amount++
  }
  if (amount > 0) {
    throw new Failure(
      `The keys open none of the ${amount} sessions in this Redis. ` +
      'Use the keys and the --namespace of the servers. Nothing was changed.'
    )
  }
}
