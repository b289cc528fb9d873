import { CAPABILITIES_KEY, CLIENT_KEY, LOG_LEVEL_KEY, VERSION_KEY } from '../meta-keys.js'
import { isAbsent } from '../methods.js'

/** Members of a request's `_meta` that servers of earlier revisions do not know. */
export const ENVELOPE: ReadonlySet<string> = new Set([VERSION_KEY, CAPABILITIES_KEY, CLIENT_KEY, LOG_LEVEL_KEY])

/** Ties a message to a task of revision 2025-11-25. */
export const RELATED_TASK = 'io.modelcontextprotocol/related-task'

/** Names a question, in the `_meta` of the request that asks it. Never sent to a client. */
export const QUESTION_KEY = 'dev.holdfast/key'

/** Requests that may be answered with questions (basic/patterns/mrtr, Supported Requests). */
export const ASKING: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read'])

/** What a server says when it lists something else than before. */
export const LIST_CHANGES: ReadonlySet<string> = new Set([
  'notifications/tools/list_changed', 'notifications/prompts/list_changed', 'notifications/resources/list_changed'
])

/** Whether a client must not get a request through to a server: only earlier revisions have it, or have it so. */
export function isWithheld (method: string): boolean {
  return isAbsent(method) || method.startsWith('tasks/')
}
