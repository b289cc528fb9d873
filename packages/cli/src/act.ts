import type { Io } from './io.js'
import type { Result } from './output.js'

/** Runs a command and prints its result, unless the command has printed it itself. Its errors are handled in `main`. */
export type Act = <Args extends unknown[]>(
  work: (io: Io, ...args: Args) => Promise<Result | undefined>
) => (...args: Args) => Promise<void>
