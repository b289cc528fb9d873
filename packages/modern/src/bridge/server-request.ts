import { type JsonObject, isObject } from '@holdfast/core'
import type { ModernCall } from '../modern-call.js'
import { ENVELOPE } from './names.js'

/** The params of a request as a server of revision 2025-11-25 expects them. */
export function serverParams ({ request: { params = {} }, meta }: ModernCall): Record<string, unknown> {
  const { inputResponses, requestState, task, _meta: given, ...kept } = params
  const own = isObject(given) ? Object.keys(given).filter(name => !ENVELOPE.has(name)) : []
  const passed = own.filter(name => name !== 'progressToken' || meta.progressToken !== undefined)
  if (passed.length === 0) return kept
  return { ...kept, _meta: Object.fromEntries(passed.map(name => [name, (given as Record<string, unknown>)[name]])) }
}

/** The capabilities of a client as a server of revision 2025-11-25 gets them. That revision's tasks are not served. */
export function serverCapabilities (capabilities: Readonly<JsonObject>): JsonObject {
  const { tasks, ...others } = capabilities
  return others
}
