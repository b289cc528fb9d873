import type { Readable, Writable } from 'node:stream'
import { Failure } from './failure.js'

/** The environment and the streams of a command. */
export interface Io {
  /** Read for `HOLDFAST_KEYS`, `REDIS_URL` and the like. */
  env: Readonly<Record<string, string | undefined>>
  stdin: Readable & { isTTY?: boolean }
  /** Results. */
  stdout: Writable
  /** Everything else. */
  stderr: Writable & { isTTY?: boolean }
  /** A clock in milliseconds that only goes forward. */
  now: () => number
  /** Aborted when the operator wants the command to stop. */
  interrupted: AbortSignal
}

/** The reader of the results is gone, as after `| head`. */
export class ReaderGone extends Error {}

/** Writes a line to stdout and waits until it is flushed. @throws ReaderGone */
export async function print ({ stdout }: Io, line: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stdout.write(`${line}\n`, error => {
      if (error === null || error === undefined) resolve()
      else if ((error as NodeJS.ErrnoException).code === 'EPIPE') reject(new ReaderGone())
      else reject(new Failure('The result could not be written.', { cause: error }))
    })
  })
}

/** Writes a line to stderr, without passwords. Errors of stderr are ignored. */
export function say ({ stderr }: Io, line: string): void {
  stderr.write(withoutPasswords(`${line}\n`))
}

/** Hides passwords in URLs: an operator may have typed a URL in the wrong place. */
export function withoutPasswords (text: string): string {
  return text.replace(/:\/\/[^\s/]*@/g, '://[redacted]@')
}

/** @throws Failure when the command was interrupted */
export function proceed ({ interrupted }: Io): void {
  if (interrupted.aborted) throw new Failure('The command was interrupted.')
}
