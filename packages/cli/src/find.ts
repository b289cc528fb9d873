import { type RecordHead, type SessionSummary, type Sessions, keyLabel } from '@holdfast/core'
import { Failure } from './failure.js'
import { type Io, proceed } from './io.js'

/** Records that are read together. */
const PAGE = 500

/** The session of a key, or of the label that logs show. @throws Failure unless there is exactly one */
export async function find (io: Io, sessions: Sessions, name: string): Promise<SessionSummary> {
  if (/^[\w-]{12}\.[\w-]{43}$/.test(name)) return await sessions.get({ key: name }) ?? none()
  const found: RecordHead[] = []
  for await (const heads of sessions.vault.headPages({ limit: PAGE })) {
    proceed(io)
    found.push(...heads.filter(({ key }) => keyLabel(key) === name))
  }
  if (found.length > 1) throw new Failure('Several sessions have this label. Use the key, as --json lists it.')
  const [record] = found
  return (record && await sessions.get(record)) ?? none()
}

function none (): never {
  throw new Failure('There is no session with this label or key.')
}
