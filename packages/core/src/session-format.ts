import { JsonFormat } from './json-format.js'
import { isObject } from './json.js'
import { isPrincipal } from './principal.js'
import type { SessionState } from './state.js'

/** What each part of a state is like. */
const PARTS: { readonly [Part in keyof SessionState]: (value: any) => boolean } = {
  schema: value => value === 1,
  principal: value => value === null || isPrincipal(value),
  client: isObject,
  handshake: value =>
    isObject(value) && isObject(value.initialize) && typeof value.protocolVersion === 'string' &&
    typeof value.initialized === 'boolean',
  replay: value =>
    isObject(value) && Array.isArray(value.subscriptions) &&
    value.subscriptions.every(uri => typeof uri === 'string') &&
    (value.logLevel === undefined || typeof value.logLevel === 'string'),
  context: value => value !== undefined,
  data: isObject,
  replica: value => value === undefined || typeof value === 'string'
}

function isState (value: unknown, before?: SessionState): value is SessionState {
  return isObject(value) && Object.entries(PARTS).every(([part, isValid]) => {
    if (before !== undefined && value[part] === before[part as keyof SessionState]) return true
    return isValid(Object.hasOwn(value, part) ? value[part] : undefined)
  })
}

/** How sessions are stored. */
export function sessionFormat (maxBytes: number): JsonFormat<SessionState> {
  return new JsonFormat<SessionState>({
    maxBytes,
    isValue: isState,
    expected: 'the outcome is not a session: data, client and handshake are JSON objects'
  })
}
