import type { Backend } from '@holdfast/core'
import { type SqliteError, type SqliteOptions, backup, examineFile, sqlite } from '@holdfast/sqlite'

// Compiled, never run.

const backend: Backend = sqlite({ path: 'sessions.db', durability: 'process', touchDelay: '2s' })
// @ts-expect-error the path is needed
sqlite({})
// @ts-expect-error there is no such durability
sqlite({ path: 'sessions.db', durability: 'disk' })
const fromEnvironment: SqliteOptions = { path: process.env.HOLDFAST_SQLITE }

const found = await examineFile('sessions.db', { quick: true })
const risks: readonly string[] = found.risks
const bodies: number | undefined = found.bodies
const copied: Promise<void> = backup('sessions.db', 'copy.db')

export function isDamage (error: SqliteError): boolean {
  // @ts-expect-error there is no such code
  if (error.code === 'SQLITE_BROKEN') return false
  return error.code === 'SQLITE_DAMAGED'
}

export { backend, bodies, copied, fromEnvironment, risks }
