import { type Backend, type Codec, Sessions } from '@holdfast/core'
import { type RedisBackend, RedisRisk, redis } from '@holdfast/redis'
import { Failure } from './failure.js'
import { openFile } from './file-place.js'
import { type Io, proceed, say } from './io.js'
import { codecOf } from './key-source.js'
import { type Address, type Place, demandAddress } from './place.js'
import { redisPlace } from './redis-place.js'

/** Time that a command waits for an answer of Redis. */
const COMMAND_TIMEOUT = '2s'
/** Milliseconds that a connection may take to close. ioredis waits this long even if it never connected. */
const DISCONNECT_TIMEOUT = 100

/** Opens the sessions that a command works on. @throws UsageError, Failure, InvalidOptionError, SqliteError */
export async function connect (io: Io, place: Place): Promise<Backend> {
  return await openAt(io, demandAddress(io, place))
}

/**
 * @param make whether to make a file that does not exist
 * @throws UsageError, Failure, InvalidOptionError, SqliteError
 */
export async function openAt (io: Io, address: Address, make = false): Promise<Backend> {
  return 'file' in address ? await openFile(io, address.file, make) : openRedis(io, address)
}

/** @throws UsageError, InvalidOptionError */
export function openRedis (io: Io, { urls, name, master, prefix }: Exclude<Address, { file: string }>): RedisBackend {
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
  const backend = await connect(io, place)
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
      `The keys open none of the ${amount} sessions that are stored. ` +
      'Use the keys and the --namespace of the servers. Nothing was changed.'
    )
  }
}
