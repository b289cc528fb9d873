import { stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { type SnapshotBytes, type SnapshotSource, file } from '@holdfast/core'
import type { Act } from './act.js'
import { confirm } from './confirm.js'
import { withSessions } from './connection.js'
import { EXIT, Failure } from './failure.js'
import type { Io } from './io.js'
import { type Result, counts, firstOf } from './output.js'
import { type Place, placed } from './place.js'
import { withProgress } from './progress.js'

export function snapshots (program: Command, act: Act): void {
  placed(program.command('export <file>'))
    .description('write all sessions to a snapshot; they stay sealed')
    .option('--yes', 'replace an existing file without asking')
    .addHelpText('after', '\nExample:\n  holdfast export sessions.holdfast')
    .action(act(exportAll))
  placed(program.command('restore <file>'))
    .description('restore the sessions of a snapshot, except those that exist already, have ended or have expired')
    .addHelpText('after', '\nThe exit code is 1 when a part of the snapshot could not be restored.\n\nExample:\n' +
      '  holdfast restore sessions.holdfast --json')
    .action(act(restore))
}

async function exportAll (io: Io, path: string, { yes, ...place }: Place & { yes?: boolean }): Promise<Result> {
  return await withSessions(io, place, async sessions => {
    if (await sizeOf(path) !== undefined) await confirm(io, 'Replace the existing file?', yes)
    const report = await withProgress(io, 'exported', await sessions.count(), async at =>
      await sessions.exportSessionState(file(path), { onProgress: ({ exported }) => { at(exported) } }))
    return { json: report, text: counts(report) }
  })
}

async function restore (io: Io, path: string, place: Place): Promise<Result> {
  const size = await sizeOf(path)
  if (size === undefined) throw new Failure('There is no such file. Nothing was changed.')
  return await withSessions(io, place, async sessions => {
    const report = await withProgress(
      io, 'bytes read', size, async at => await sessions.restoreSessionState(watched(path, at))
    )
    if (report.invalid.some(({ code }) => code === 'UNKNOWN_KEY')) {
      throw new Failure('The keys do not open this snapshot. Nothing was changed.')
    }
    const lines = firstOf(report.invalid.map(({ line, reason }) => `line ${line}: ${reason}`))
    const exitCode = report.invalid.length + report.overLimit > 0 ? EXIT.failed : EXIT.done
    return { json: report, text: `${counts(report)}, invalid ${report.invalid.length}${lines}`, exitCode }
  })
}

/** A snapshot that is only read; no copy is kept beside it. @param at called with the number of bytes read so far */
function watched (path: string, at: (bytes: number) => void): SnapshotSource {
  const { read, forgotten } = file(path)
  return {
    read: async () => counted(await read() as SnapshotBytes, at),
    ...forgotten !== undefined && { forgotten }
  }
}

async function * counted (bytes: SnapshotBytes, at: (bytes: number) => void): AsyncGenerator<Uint8Array | string> {
  let read = 0
  for await (const chunk of bytes) {
    yield chunk
    at(read += chunk.length)
  }
}

/** Undefined when there is no such file. */
async function sizeOf (path: string): Promise<number | undefined> {
  return await stat(path).then(({ size }) => size, (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return undefined
  })
}
