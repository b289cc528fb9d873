import { lstatSync } from 'node:fs'
import { type Backend, printable } from '@holdfast/core'
import { sqlite } from '@holdfast/sqlite'
import { Failure } from './failure.js'
import { type Io, say } from './io.js'

/** Characters of a path in a message. */
const LONGEST = 4096

/**
 * Opens the sessions in a file. Servers may use it meanwhile.
 *
 * @param make whether to make the file when it does not exist
 * @throws Failure, SqliteError, InvalidOptionError
 */
export async function openFile (io: Io, path: string, make = false): Promise<Backend> {
  if (!make) demandFile(path)
  let opened = false
  const backend = sqlite({
    path,
    // While the file is being opened, the failure itself says more.
    onWarning: ({ message }) => { if (opened) say(io, `holdfast: warning: ${message}`) }
  })
  try {
    await backend.ping()
  } catch (error) {
    await backend.close()
    throw error
  }
  opened = true
  return backend
}

/**
 * Refuses a file that a command would have to make, and one of another user: the servers could not use what a command
 * makes beside it.
 *
 * @param user the id of the user that runs the command; undefined where users have none
 * @throws Failure
 */
export function demandFile (path: string, user = process.geteuid?.()): void {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) throw new Failure(`There is no file ${printable(path, LONGEST)}. Nothing was changed.`)
  if (!found.isFile()) return
  if (found.size === 0) throw new Failure('The file is empty, so it is no database. Nothing was changed.')
  if (user !== undefined && user !== found.uid) {
    throw new Failure('The file belongs to another user. Run the command as that user. Nothing was changed.')
  }
}
