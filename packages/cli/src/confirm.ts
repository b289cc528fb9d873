import { createInterface } from 'node:readline/promises'
import { Failure, UsageError } from './failure.js'
import type { Io } from './io.js'

/** Asks before something is deleted or overwritten. @throws Failure unless the answer is yes */
export async function confirm (
  { stdin, stderr, interrupted }: Io,
  question: string,
  yes: boolean | undefined
): Promise<void> {
  if (yes === true) return
  if (stdin.isTTY !== true || stderr.isTTY !== true) {
    throw new UsageError(`${question} There is no terminal to ask on. To confirm, use --yes. Nothing was changed.`)
  }
  const terminal = createInterface({ input: stdin, output: stderr })
  const closed = new AbortController()
  terminal.once('close', () => { closed.abort() })
  const signal = AbortSignal.any([closed.signal, interrupted])
  const answer = await terminal.question(`${question} [y/N] `, { signal })
    .catch(() => 'no') // Ctrl-C or Ctrl-D
  terminal.close()
  if (!/^y(es)?$/i.test(answer.trim())) throw new Failure('Nothing was changed.')
}
