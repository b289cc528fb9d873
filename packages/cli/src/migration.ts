import { type Command, InvalidArgumentError } from 'commander'
import { type Backend, type MigrationReport, MigrationStopped, migrate } from '@holdfast/core'
import type { Act } from './act.js'
import { confirm } from './confirm.js'
import { connect, openAt } from './connection.js'
import { EXIT, reasons } from './failure.js'
import type { Io } from './io.js'
import { type Result, counts, firstOf } from './output.js'
import { placed } from './place.js'
import { withProgress } from './progress.js'
import { type Target, targetOf } from './target.js'

interface Settings extends Target {
  skipExisting?: boolean
  delete?: boolean
  yes?: boolean
  batchSize: number
}

export function migration (program: Command, act: Act): void {
  placed(program.command('migrate'))
    .description(
      'copy all sessions to another file or Redis while the servers run; they stay sealed, and their ids stay valid'
    )
    .argument('[target]', 'where to copy to: sqlite:<path>, or the URLs of a Redis, written as --redis (default: ' +
      'REDIS_TARGET_URL)')
    .option('--to-master <name>', 'the name of the master that the Sentinels of the target watch')
    .option('--to-prefix <text>', 'the prefix of all keys at the target (default: as --prefix)')
    .option('--skip-existing', 'do not update sessions that are already at the target, even if they are older there')
    .option(
      '--delete',
      'delete each session at the source once it is at the target; only for a source that no server uses any more'
    )
    .option('--batch-size <count>', 'sessions that are copied at a time', size, 100)
    .option('--yes', 'delete without asking')
    .addHelpText('after', '\nA migration needs no keys. If it was interrupted, run it again: it continues where it ' +
      'stopped.\n\nExamples:\n  REDIS_URL=redis://old holdfast migrate rediss://new\n' +
      '  holdfast migrate --sqlite data/sessions.db rediss://new')
    .action(act(run))
}

async function run (io: Io, given: string | undefined, settings: Settings): Promise<Result> {
  const target = targetOf(io, given, settings)
  const from = await connect(io, settings)
  try {
    // A file is made at the target only when there is a source.
    await from.ping()
    const to = await openAt(io, target, true)
    try {
      if (settings.delete === true) {
        await confirm(io, 'Delete the sessions at the source once they are copied?', settings.yes)
      }
      return await copy(io, from, to, settings)
    } finally {
      await to.close()
    }
  } finally {
    await from.close()
  }
}

async function copy (io: Io, from: Backend, to: Backend, settings: Settings): Promise<Result> {
  const { skipExisting = false, delete: deleteAfterMigration = false, batchSize } = settings
  try {
    return resultOf(await withProgress(io, 'migrated', await from.records.count(), async at => await migrate(from, to, {
      skipExisting,
      deleteAfterMigration,
      batchSize,
      onProgress: ({ copied, updated, skipped }) => { at(copied + updated + skipped) }
    })))
  } catch (error) {
    if (!(error instanceof MigrationStopped)) throw error
    return { ...resultOf(error.report), trouble: reasons(error), exitCode: EXIT.failed }
  }
}

function resultOf (report: MigrationReport): Result {
  const failures = firstOf(report.failed.map(({ session, reason }) => `${session}: ${reason}`))
  return {
    json: report,
    text: `${counts(report)}, failed ${report.failed.length}${failures}`,
    exitCode: report.failed.length > 0 ? EXIT.failed : EXIT.done
  }
}

function size (text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 1 to 99999.')
  return Number(text)
}
