import { HoldfastError, type JsonObject, within } from '@holdfast/core'
import type { Inbound, Request } from '@holdfast/transport'
import type { ModernCall, Outcome } from '../modern-call.js'
import { CAPABILITIES_KEY, CLIENT_KEY, VERSION_KEY } from '../meta-keys.js'
import { MODERN_VERSION } from '../versions.js'
import type { Leg } from './leg.js'
import { ServedCall } from './served-call.js'

/**
 * Asks a server something, as a caller that no client stands for.
 *
 * @param wait milliseconds that the server has to answer
 * @param caller its name; undefined for nobody
 * @throws HoldfastError HOLDFAST_FACTORY_TIMEOUT
 */
export async function askServer (leg: Leg, method: string, wait: number, caller?: string): Promise<Outcome> {
  let served: ServedCall | undefined
  const answer = new Promise<Outcome>((resolve, reject) => {
    served = new ServedCall(ownCall(method, caller, resolve), () => {})
    // Async, so that what it throws at once is a rejection, too.
    const run = async (): Promise<void> => { await leg.run(served as ServedCall) }
    run().catch(reject)
  })
  if (await within(answer, wait)) return await answer
  leg.cancel(served as ServedCall, 'timeout')
  throw new HoldfastError('HOLDFAST_FACTORY_TIMEOUT', `The server that create returned does not answer ${method}`)
}

function ownCall (method: string, caller: string | undefined, end: (outcome: Outcome) => void): ModernCall {
  const capabilities: JsonObject = {}
  const client = { name: caller ?? 'holdfast', version: '1' }
  const request: Request = {
    jsonrpc: '2.0',
    id: caller ?? 'holdfast',
    method,
    params: {
      _meta: {
        [VERSION_KEY]: MODERN_VERSION,
        [CLIENT_KEY]: client,
        [CAPABILITIES_KEY]: capabilities
      }
    }
  }
  const inbound: Inbound = {
    headers: {},
    url: 'http://localhost/mcp',
    principal: null,
    // False without an argument.
    isGone: Boolean,
    ...(caller !== undefined && {
      principal: { subject: caller }, authInfo: { token: '', clientId: caller, scopes: [] }
    })
  }
  const meta = { version: MODERN_VERSION, client, capabilities }
  const ignore = (): void => {}
  return { request, meta, inbound, isOver: false, notify: ignore, usesStorage: ignore, end }
}
