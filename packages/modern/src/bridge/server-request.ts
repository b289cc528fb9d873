import { type JsonObject, isObject } from '@holdfast/core'
import type { ModernCall } from '../modern-call.js'
import { ENVELOPE } from './names.js'

/** Members of params that belong to the new revision, or to tasks of the old one. */
const TAKEN_OUT: ReadonlySet<string> = new Set(['inputResponses', 'requestState', 'task', '_meta'])

/** The params of a request as a server of revision 2025-11-25 expects them. */
export function serverParams ({ request: { params = {} }, meta }: ModernCall): Record<string, unknown> {
  const kept = Object.entries(params).filter(([name]) => !TAKEN_OUT.has(name))
  const given = isObject(params._meta) ? Object.entries(params._meta).filter(([name]) => !ENVELOPE.has(name)) : []
  const own = given.filter(([name]) => name !== 'progressToken' || meta.progressToken !== undefined)
  return Object.fromEntries(own.length > 0 ? [...kept, ['_meta', Object.fromEntries(own)]] : kept)
}

/** The capabilities of a client as a server of revision 2025-11-25 gets them. That revision's tasks are not served. */
export function serverCapabilities (capabilities: Readonly<JsonObject>): JsonObject {
  const { tasks, ...others } = capabilities
  return others
}
