import { InvalidOptionError, isHoldfastError } from '@holdfast/core'
import { InvalidKeyError } from '@holdfast/envelope'

/** What the exit code of the command says. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const

/** The command could not do what it was asked for; the message says why. */
export class Failure extends Error {
  readonly exitCode: number
  constructor (message: string, { exitCode = EXIT.failed, cause }: { exitCode?: number, cause?: unknown } = {}) {
    super(message, { cause })
    this.exitCode = exitCode
  }
}

/** The command was not given what it needs. */
export class UsageError extends Failure {
  constructor (message: string) {
    super(message, { exitCode: EXIT.usage })
  }
}

/** @returns what to tell the operator, without ids, keys or content, and the exit code */
export function explain (error: unknown): { line: string, exitCode: number } {
  if (error instanceof InvalidKeyError && error.path === 'id') {
    return { line: `--${error.message}`, exitCode: EXIT.usage }
  }
  if (error instanceof InvalidKeyError) {
    return { line: `HOLDFAST_KEYS: ${error.message}. Nothing was changed.`, exitCode: EXIT.failed }
  }
  const failure = failureIn(error)
  if (failure !== undefined) return { line: reasons(failure), exitCode: failure.exitCode }
  return { line: reasons(error), exitCode: error instanceof InvalidOptionError ? EXIT.usage : EXIT.failed }
}

/** Our own words, also where somebody else has passed them on. */
function failureIn (error: unknown): Failure | undefined {
  if (error instanceof Failure || !(error instanceof Error)) return error as Failure | undefined
  return failureIn(error.cause)
}

/** What happened, and what that came from. */
export function reasons (error: unknown): string {
  const { message, cause } = error as Error
  // Its own words are for whoever asked for one session.
  if (isHoldfastError(error, 'HOLDFAST_BACKEND_UNAVAILABLE')) return reasons(cause)
  return cause === undefined ? message : `${message} ${reasons(cause)}`
}
