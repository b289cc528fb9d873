import { type Command, InvalidArgumentError } from 'commander'
import { type Backend, type MigrationReport, MigrationStopped, migrate } from '@holdfast/core'
import type { Act } from './act.js'
import { confirm } from './confirm.js'
import { type Place, backendAt, connect, placed, prefixOf } from './connection.js'
import { EXIT, UsageError, reasons } from './failure.js'
import type { Io } from './io.js'
import { type Result, counts, firstOf } from './output.js'
import { withProgress } from './progress.js'

interface Settings extends Place {
  toMaster?: string
  toPrefix?: string
  skipExisting?: boolean
  delete?: boolean
  yes?: boolean
  batchSize: number
}

export function migration (program: Command, act: Act): void {
  placed(program.command('migrate'))
    .description(
      'copy all sessions to another Redis while the servers run; they stay sealed, and their ids stay valid'
    )
    .argument('[target]', 'the Redis to copy to, written as --redis (default: REDIS_TARGET_URL)')
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
      'stopped.\n\nExample:\n  REDIS_URL=redis://old holdfast migrate rediss://new')
    .action(act(run))
}

async function run (io: Io, target: string | undefined, settings: Settings): Promise<Result> {
  const from = connect(io, settings)
  try {
    const to = connectTarget(io, target, settings)
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

function connectTarget (io: Io, target: string | undefined, settings: Settings): Backend {
  const urls = target ?? io.env.REDIS_TARGET_URL
  if (urls === undefined || urls === '') {
    throw new UsageError('No target is given. Give the URL of the target Redis, or set REDIS_TARGET_URL.')
  }
  return backendAt(
    io, urls, target === undefined ? 'REDIS_TARGET_URL' : 'target', settings.toMaster,
    settings.toPrefix ?? prefixOf(io, settings)
  )
}

async function copy (io: Io, from: Backend, to: Backend, settings: Settings): Promise<Result> {
  const { skipExisting = false, delete: deleteAfterMigration = false, batchSize } = settings
  try {
    await from.ping()
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
