import { HoldfastError } from '@holdfast/core'

interface Kind {
  /** Matches the text of the error of Redis or ioredis. */
  begins: RegExp
  message: string
  /** Whether the same call may succeed later, without any change by an operator. */
  retryable: boolean
  /** Whether Redis as a whole cannot be used now; otherwise only one command was refused. */
  outage: boolean
}

const DISCONNECTED = new RegExp(`^(${[
  'Connection is closed', 'Command aborted', 'Reached the max retries', "Stream isn't", '(connect|read|write) E',
  'E[A-Z]+$', 'getaddrinfo', 'Failed to refresh', 'None of startup', 'All sentinels', 'This socket',
  "Cluster isn't", 'Cluster is ended'
].join('|')})`)

/** Every failure of Redis or of the connection to it. The README lists the same table. */
export const REDIS_ERRORS = {
  REDIS_TIMEOUT: {
    begins: /^(Command timed out|ETIMEDOUT|connect ETIMEDOUT|Socket timeout)/,
    message: 'Redis did not answer in time.',
    retryable: true,
    outage: true
  },
  REDIS_TLS: {
    begins: /certificate|SSL routines|TLS connection/,
    message: 'The TLS connection to Redis failed. Is its certificate trusted?',
    retryable: false,
    outage: true
  },
  REDIS_DISCONNECTED: {
    begins: DISCONNECTED,
    message: 'There is no connection to Redis.',
    retryable: true,
    outage: true
  },
  REDIS_LOADING: { begins: /^LOADING/, message: 'Redis is still loading its data.', retryable: true, outage: true },
  REDIS_READONLY: {
    begins: /^READONLY/,
    message: 'This Redis is a replica and accepts no writes. A failover may be in progress.',
    retryable: true,
    outage: true
  },
  REDIS_MASTERDOWN: {
    begins: /^MASTERDOWN/,
    message: 'This Redis is a replica without a connection to its master.',
    retryable: true,
    outage: true
  },
  REDIS_BUSY: {
    begins: /^BUSY/,
    message: 'Redis is busy with a script that runs too long.',
    retryable: true,
    outage: true
  },
  REDIS_CLUSTERDOWN: {
    begins: /^(CLUSTERDOWN|TRYAGAIN|Too many Cluster redirections)/,
    message: 'The Cluster does not serve all its slots now.',
    retryable: true,
    outage: true
  },
  REDIS_MISCONF: {
    begins: /^MISCONF/,
    message: 'Redis refuses writes because it cannot save to disk.',
    retryable: true,
    outage: true
  },
  REDIS_NOREPLICAS: {
    begins: /^NOREPLICAS/,
    message: 'Redis refuses writes because it has too few replicas.',
    retryable: true,
    outage: true
  },
  REDIS_UNREPLICATED: {
    begins: /^UNREPLICATED/,
    message: 'Too few replicas confirmed the write in time. The write may or may not last.',
    retryable: true,
    outage: false
  },
  REDIS_AUTH: {
    begins: /^(NOAUTH|WRONGPASS|ERR invalid password|ERR AUTH)/,
    message: 'Redis did not accept the user name or password.',
    retryable: false,
    outage: true
  },
  REDIS_NOPERM: {
    begins: /^NOPERM|^ERR The user executing the script can't/,
    message: 'The ACL of this user forbids a command, key or channel that Holdfast needs.',
    retryable: false,
    outage: false
  },
  REDIS_CROSSSLOT: {
    begins: /^(CROSSSLOT|MOVED|ASK )/,
    message: 'This is a Redis Cluster, but the client is not a Cluster client.',
    retryable: false,
    outage: false
  },
  REDIS_FOREIGN: {
    begins: /^(FOREIGN|WRONGTYPE)/,
    message: 'A key under the prefix has a value that Holdfast did not write.',
    retryable: false,
    outage: false
  },
  REDIS_UNSAFE: {
    begins: /^UNSAFE/,
    message: 'This Redis is not safe for sessions, and durability is strict.',
    retryable: false,
    outage: false
  },
  REDIS_FAILED: { begins: /(?:)/, message: 'Redis refused a command.', retryable: false, outage: false }
} as const satisfies Record<string, Kind>

/** A key of {@link REDIS_ERRORS}. */
export type RedisErrorCode = keyof typeof REDIS_ERRORS

/**
 * A failure of Redis or of the connection. Its message is constant and it has no cause, since errors of ioredis carry
 * the command with its keys, bodies and passwords.
 */
export class RedisError extends Error {
  override readonly name = 'RedisError'
  readonly retryable: boolean
  constructor (readonly code: RedisErrorCode) {
    super(REDIS_ERRORS[code].message)
    this.retryable = REDIS_ERRORS[code].retryable
  }

  get outage (): boolean { return REDIS_ERRORS[this.code].outage }
}

/**
 * Reports a value that Holdfast did not write, and returns undefined: callers see no record, and the value is kept.
 *
 * @throws any other error
 */
export function noRecord (error: unknown, report: (error: Error) => void): undefined {
  if (!(error instanceof RedisError && error.code === 'REDIS_FOREIGN')) throw error
  report(error)
}

/** The error to throw for an error of ioredis. */
export function translate (error: unknown): RedisError | HoldfastError {
  if (error instanceof RedisError || error instanceof HoldfastError) return error
  const text = error instanceof Error ? textOf(rootCause(error)) : ''
  if (/^(OOM|.*\bOOM command not allowed)/.test(text)) return new HoldfastError('HOLDFAST_BACKEND_FULL')
  const codes = Object.keys(REDIS_ERRORS) as RedisErrorCode[]
  return new RedisError(codes.find((code) => REDIS_ERRORS[code].begins.test(text)) as RedisErrorCode)
}

/** The error of an attempt at several addresses has a code and no message. */
function textOf (error: Error & { code?: string }): string {
  return error.message || (error.code ?? '')
}

/** A Cluster client wraps the error of the last node. */
function rootCause (error: Error): Error {
  const { lastNodeError } = error as { lastNodeError?: unknown }
  return lastNodeError instanceof Error ? lastNodeError : error
}
