import { lstat } from 'node:fs/promises'
import type { Command } from 'commander'
import { backup as copy } from '@holdfast/sqlite'
import type { Act } from './act.js'
import { bytes } from './bytes.js'
import { UsageError } from './failure.js'
import { demandFile } from './file-place.js'
import type { Io } from './io.js'
import type { Result } from './output.js'
import { type Place, demandAddress, placed } from './place.js'

export function backup (program: Command, act: Act): void {
  placed(program.command('backup <target>'))
    .description('copy the file that holds the sessions to a new file while the servers run; they stay sealed')
    .addHelpText('after', '\nA backup needs no keys. For Redis, use export. To restore it, stop the servers and ' +
      'put it in the\nplace of the file.\n\nExample:\n' +
      '  holdfast backup --sqlite data/sessions.db backups/sessions-1.db')
    .action(act(run))
}

async function run (io: Io, target: string, place: Place): Promise<Result> {
  const address = demandAddress(io, place)
  if (!('file' in address)) throw new UsageError('A backup is for a file only. For Redis, use export.')
  demandFile(address.file)
  await copy(address.file, target)
  const { size } = await lstat(target)
  return { json: { bytes: size }, text: `copied ${bytes(size)}` }
}
