import { createInterface } from 'node:readline/promises'
import { Failure, UsageError } from './failure.js'
import type { Io } from './io.js'

/** Asks before something is destroyed. @throws Failure unless the answer is yes */
export async function confirm (
  { stdin, stderr, interrupted }: Io,
  question: string,
  yes: boolean | undefined
): Promise<void> {
  if (yes === true) return
  if (stdin.isTTY !== true || stderr.isTTY !== true) {
    throw new UsageError(`${question} There is no terminal to ask on: say --yes. Nothing was changed.`)
  }
  const terminal = createInterface({ input: stdin, output: stderr })
  const left = new AbortController()
  terminal.once('close', () => { left.abort() })
  const answer = await terminal.question(`${question} [y/N] `, { signal: AbortSignal.any([left.signal, interrupted]) })
    .catch(() => 'no') // Ctrl-C or Ctrl-D
  terminal.close()
  if (!/^y(es)?$/i.test(answer.trim())) throw new Failure('Nothing was changed.')
}
