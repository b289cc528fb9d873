/**
 * Methods of earlier revisions, of the Tasks extension of an earlier one, and those that are not served yet. A server
 * behind the endpoint may still have them, because it was made for sessions.
 */
const ABSENT: ReadonlySet<string> = new Set([
  'initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe', 'subscriptions/listen',
  'tasks/list', 'tasks/result', 'roots/list', 'sampling/createMessage', 'elicitation/create'
])

/** The methods of the revision, and those of the Tasks extension. */
const KNOWN: ReadonlySet<string> = new Set([
  'server/discover', 'tools/list', 'tools/call', 'prompts/list', 'prompts/get', 'resources/list',
  'resources/templates/list', 'resources/read', 'completion/complete', 'tasks/get', 'tasks/update', 'tasks/cancel'
])

/** Whether the revision does not have the method, although a server may. */
export function isAbsent (method: string): boolean {
  return ABSENT.has(method)
}

/** The method for metrics. Clients can make up any number of others. */
export function knownMethod (method: string | undefined): string {
  return method !== undefined && (KNOWN.has(method) || ABSENT.has(method)) ? method : 'other'
}
