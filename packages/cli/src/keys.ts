import type { Command } from 'commander'
import { generateKey } from '@holdfast/envelope'
import type { Act } from './act.js'
import { withSessions } from './connection.js'
import { EXIT } from './failure.js'
import type { Io } from './io.js'
import { type Result, counts } from './output.js'
import { type Place, placed } from './place.js'
import { withProgress } from './progress.js'

export function keys (program: Command, act: Act): void {
  const group = program.command('keys').description('generate keys, and reseal sessions with a new key')
  group.command('generate')
    .description('print a new key for HOLDFAST_KEYS')
    .option(
      '--id <id>',
      'the id of the key, which is not secret: 1 to 16 of A-Z a-z 0-9 . _ - (default: the date and four hex digits)'
    )
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  HOLDFAST_KEYS="$(holdfast keys generate --id k2),$HOLDFAST_KEYS"')
    .action(act(generate))
  placed(group.command('rotate'))
    .description('reseal everything that is stored with the first key of HOLDFAST_KEYS, while the servers run')
    .addHelpText(
      'after',
      '\nEvery server must already have the new key.\n\nExample:\n  HOLDFAST_KEYS="k2:...,k1:..." holdfast keys rotate'
    )
    .action(act(rotate))
}

async function generate (io: Io, { id }: { id?: string }): Promise<Result> {
  const key = generateKey(id)
  return { json: { id: key.slice(0, key.indexOf(':')), key }, text: key }
}

async function rotate (io: Io, place: Place): Promise<Result> {
  return await withSessions(io, place, async sessions => {
    const report = await withProgress(io, 'rotated', await sessions.count(), async at =>
      await sessions.rotate({
        onProgress: ({ resealed, current, unreadable }) => { at(resealed + current + unreadable) }
      }))
    const inUse = Object.fromEntries(await sessions.keysInUse())
    return {
      json: { ...report, keysInUse: inUse },
      text: `${counts(report)}\nkeys in use: ${counts(inUse) || 'none'}`,
      exitCode: report.unreadable > 0 ? EXIT.failed : EXIT.done
    }
  })
}
