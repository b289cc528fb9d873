import { stat } from 'node:fs/promises'
import { type Codec, type Sessions, file } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import { sessionsOf } from './connection.js'
import { reasons } from './failure.js'
import { type Finding, failed, ok, warning } from './finding.js'
import { type Io, proceed } from './io.js'

/** Reads a snapshot as a restore would, and opens every session, but stores none. */
export async function examineSnapshot (
  io: Io,
  path: string,
  codec: Codec | undefined,
  namespace: string
): Promise<Finding> {
  if (codec === undefined) return failed('snapshot', 'cannot be read without keys')
  const backend = memory()
  try {
    return await readAll(io, path, sessionsOf(backend, codec, namespace))
  } finally {
    await backend.close()
  }
}

async function readAll (io: Io, path: string, sessions: Sessions): Promise<Finding> {
  const seen = { opened: 0, unreadable: 0 }
  try {
    const { mode } = await stat(path)
    const { expired, invalid } = await sessions.restoreSessionState({ read: file(path).read }, {
      filter: ({ state }) => {
        proceed(io)
        seen[state === undefined ? 'unreadable' : 'opened']++
        return false
      }
    })
    const counts = `${seen.opened} sessions can be opened, ${expired} have expired`
    const [first] = invalid
    if (first !== undefined) {
      return failed('snapshot', `${counts}; line ${first.line}: ${first.reason} (${invalid.length} in all)`)
    }
    if (seen.unreadable > 0) return failed('snapshot', `${counts}, ${seen.unreadable} do not open with these keys`)
    return (mode & 0o077) === 0
      ? ok('snapshot', counts)
      : warning('snapshot', `${counts}; other users of this machine may read the file`)
  } catch (error) {
    return failed(
      'snapshot', (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : reasons(error)
    )
  }
}
