/** Every code that Holdfast throws, with its meaning. The README of `@holdfast/core` lists the same table. */
export const ERROR_CODES = {
  HOLDFAST_INVALID_OPTION: 'An option has a wrong value. Thrown at once, as a TypeError.',
  HOLDFAST_INVALID_STATE: 'A stored session cannot be read: it is damaged, or from a newer version.',
  HOLDFAST_STATE_TOO_LARGE: 'A change would make the session larger than maxStateBytes.',
  HOLDFAST_SESSION_GONE: 'The session was terminated or has expired.',
  HOLDFAST_CONFLICT: 'Other writers kept changing the session; the change was not applied.',
  HOLDFAST_LIMIT_REACHED: 'A cap on the number of sessions was reached.',
  HOLDFAST_BACKEND_UNAVAILABLE: 'The backend did not answer. Nothing is known about the session; try again.',
  HOLDFAST_BACKEND_FULL: 'The backend has no room left for this write.',
  HOLDFAST_INVALID_CONTEXT: 'The context of a session does not match its schema.',
  HOLDFAST_FACTORY_FAILED: 'createServer threw, returned no server, or its server refused the handshake.',
  HOLDFAST_FACTORY_TIMEOUT: 'createServer did not finish in time.',
  HOLDFAST_KEY_UNAVAILABLE:
    'Stored data is sealed with a key that this process does not have or cannot get. Nothing is lost; try again.',
  HOLDFAST_KEY_IN_USE: 'Stored data is still sealed with this key.',
  HOLDFAST_SNAPSHOT_FAILED: 'A snapshot could not be written or read. The previous snapshot is intact.',
  HOLDFAST_SNAPSHOT_CHANGED: 'Another process has written this snapshot meanwhile, so it was not overwritten.',
  HOLDFAST_SNAPSHOT_KEPT: 'The existing snapshot cannot be opened with these keys, so it was not overwritten.',
  HOLDFAST_MIGRATION_STOPPED: 'A migration stopped before its end. Copied sessions stay; run it again to go on.',
  HOLDFAST_NOT_ALONE: 'This needs a single replica, but other replicas use the same backend.',
  HOLDFAST_NO_SESSION: 'The request has no session, because its revision of MCP has none.',
  HOLDFAST_CLOSED: 'This replica is shutting down.'
} as const

/** A key of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES

const HOLDFAST_ERROR = Symbol.for('@holdfast/core: HoldfastError')
const INVALID_OPTION = Symbol.for('@holdfast/core: InvalidOptionError')

/**
 * Every failure except misuse. Tell errors apart by `code`, never by message. A message contains no id, no key and no
 * content. `instanceof` also accepts the errors of other copies of this package, because one process may use two
 * versions.
 */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError'
  constructor (readonly code: ErrorCode, message: string = ERROR_CODES[code], options?: ErrorOptions) {
    super(message, options)
  }

  get [HOLDFAST_ERROR] (): true { return true }

  static override [Symbol.hasInstance] (error: unknown): boolean {
    return this === HoldfastError ? isMarked(error, HOLDFAST_ERROR) : super[Symbol.hasInstance](error)
  }
}

/** Misuse. Thrown at once: a `TypeError`, never a {@link HoldfastError}. */
export class InvalidOptionError extends TypeError {
  override readonly name = 'InvalidOptionError'
  readonly code = 'HOLDFAST_INVALID_OPTION' satisfies ErrorCode
  /** @param path the path of the option, such as `ttl.idle` */
  constructor (readonly path: string, reason: string) {
    super(`${path}: ${reason}`)
  }

  get [INVALID_OPTION] (): true { return true }

  static override [Symbol.hasInstance] (error: unknown): boolean {
    return this === InvalidOptionError ? isMarked(error, INVALID_OPTION) : super[Symbol.hasInstance](error)
  }
}

function isMarked (error: unknown, mark: symbol): boolean {
  return typeof error === 'object' && error !== null && mark in error
}

/**
 * Whether an error is a {@link HoldfastError}, with any code or with `code`. Misuse is an {@link InvalidOptionError}.
 */
export function isHoldfastError (error: unknown, code?: ErrorCode): error is HoldfastError {
  return error instanceof HoldfastError && (code === undefined || error.code === code)
}
