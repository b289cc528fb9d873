import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import type { Act } from './act.js'
import { backup } from './backup.js'
import { doctor } from './doctor.js'
import { era } from './era.js'
import { EXIT, explain } from './failure.js'
import { type Io, ReaderGone, print, say, withoutPasswords } from './io.js'
import { keys } from './keys.js'
import { migration } from './migration.js'
import { sessions } from './sessions.js'
import { snapshots } from './snapshots.js'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

/**
 * Runs the command `holdfast`: results on stdout, everything else on stderr.
 *
 * @param args without the program and its script
 * @returns the exit code: 0 done, 1 failed or found a problem, 2 wrong usage
 */
export async function main (args: readonly string[], io: Io): Promise<number> {
  let exitCode: number = EXIT.done
  const act: Act = work => async (...args) => {
    const result = await work(io, ...args)
    if (result === undefined) return
    exitCode = result.exitCode ?? EXIT.done
    if (result.trouble !== undefined) say(io, `holdfast: ${result.trouble}`)
    const { json } = args.at(-2) as { json?: boolean }
    await print(io, json === true ? JSON.stringify(result.json) : result.text)
  }
  // A write to a failed stream reports its own error. The error event of the stream must not end the process, too.
  for (const stream of [io.stdout, io.stderr]) stream.on('error', ignore)
  // Nothing that a command waits for keeps the process alive. Without this timer, it could end early, with exit code 0.
  const working = setInterval(() => {}, 2 ** 30)
  try {
    await commands(io, act).parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof ReaderGone)) exitCode = failed(io, error)
  }
  clearInterval(working)
  return exitCode
}

/** @returns the exit code */
function failed (io: Io, error: unknown): number {
  // Commander has already printed the error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
  const { line, exitCode } = explain(error)
  say(io, `holdfast: ${line}`)
  return exitCode
}

function commands (io: Io, act: Act): Command {
  const program = new Command('holdfast')
    .description('Manages the sessions of MCP servers that run Holdfast. Keys come from the variable HOLDFAST_KEYS, ' +
      'or from the module HOLDFAST_KEYS_MODULE, never from an argument.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: text => { io.stdout.write(text) },
      writeErr: text => { io.stderr.write(withoutPasswords(text)) }
    })
    .showHelpAfterError('(--help shows all commands and options)')
    .addHelpText('after', `
Exit codes: 0 done, 1 failed or found a problem, 2 wrong usage.

Examples:
  holdfast doctor
  holdfast sessions list --idle 12h
  holdfast export sessions.holdfast`)
  for (const add of [keys, sessions, snapshots, backup, migration, era, doctor]) add(program, act)
  return program
}

function ignore (): void {}
