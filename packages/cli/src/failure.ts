import { InvalidOptionError, isHoldfastError } from '@holdfast/core'
import { InvalidKeyError } from '@holdfast/envelope'

/** The exit codes of the command. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const

/** The command has failed. The message says why. */
export class Failure extends Error {
  readonly exitCode: number
  constructor (message: string, { exitCode = EXIT.failed, cause }: { exitCode?: number, cause?: unknown } = {}) {
    super(message, { cause })
    this.exitCode = exitCode
  }
}

/** The arguments or the environment of the command are wrong or incomplete. */
export class UsageError extends Failure {
  constructor (message: string) {
    super(message, { exitCode: EXIT.usage })
  }
}

/** @returns a line for the operator, without ids, keys or content, and the exit code */
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

/** The failure itself, also when another error has it as its cause. */
function failureIn (error: unknown): Failure | undefined {
  if (error instanceof Failure || !(error instanceof Error)) return error as Failure | undefined
  return failureIn(error.cause)
}

/** The message of an error, followed by those of its causes. */
export function reasons (error: unknown): string {
  const { message, cause } = error as Error
  // Its own message is about one session. The cause is of more use here.
  if (isHoldfastError(error, 'HOLDFAST_BACKEND_UNAVAILABLE')) return reasons(cause)
  return cause === undefined ? message : `${message} ${reasons(cause)}`
}
