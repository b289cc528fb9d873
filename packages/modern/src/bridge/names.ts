/** The prefix of the members of `_meta` that revision 2026-07-28 defines. */
const PREFIX = 'io.modelcontextprotocol/'

export const SERVER_INFO = `${PREFIX}serverInfo`

/** Members of a request's `_meta` that servers of earlier revisions do not know. */
export const ENVELOPE: ReadonlySet<string> = new Set(
  ['protocolVersion', 'clientCapabilities', 'clientInfo', 'logLevel'].map(name => PREFIX + name)
)

/** Ties a message to a task of revision 2025-11-25. */
export const RELATED_TASK = `${PREFIX}related-task`

/** Names a question, in the `_meta` of the request that asks it. Never sent to a client. */
export const QUESTION_KEY = 'dev.holdfast/key'

/** Requests that may be answered with questions (basic/patterns/mrtr, Supported Requests). */
export const ASKING: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read'])

/** Requests of earlier revisions, or of the bridge itself, which a client must not get through to a server. */
export const WITHHELD: ReadonlySet<string> = new Set([
  'initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe',
  'tasks/get', 'tasks/list', 'tasks/result', 'tasks/cancel', 'tasks/update'
])
