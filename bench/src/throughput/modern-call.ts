import { call } from './call.js'
import { meta, modernHeaders } from './modern-request.js'

/** The HTTP request of a call of revision 2026-07-28, which opens nothing before, by the client of this number. */
export function modernCall (port: number, n: number): (callId: number) => string {
  return call(port, { ...modernHeaders('tools/call', 'echo'), user: `client-${n}` }, { _meta: meta })
}
