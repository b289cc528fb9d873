import { type Principal, ownerName } from '@holdfast/core'
import { callOf } from '@holdfast/transport'
import { bindingOf, digestOf } from '../request-binding.js'
import { type ServedCall, servedOf } from '../shared/served-call.js'

/** To which a state is bound: it opens nowhere else. */
export interface StatePlace {
  /** The digest of the owner and the request, as authenticated data. */
  readonly key: string
  readonly principal: Principal | null
  /** The call that a shared server serves. Undefined in a session: there a state never leaves the server. */
  readonly served: ServedCall | undefined
}

/**
 * The place of a handler's request: who asks, the method, its name or uri, and its arguments. Concurrent calls of one
 * server never mix, because all of it comes from the context of this handler.
 *
 * @param ctx what SDK v2 gives to a handler and to the hook
 * @throws TypeError when no request of Holdfast is served
 */
export function statePlace (ctx: object): StatePlace {
  const handed = callOf(ctx)
  const served = servedOf(handed)
  const { principal } = handed
  const owner = ownerName(principal)
  // With fewer parts, so a state of a session is never one of a request.
  const key = served === undefined ? digestOf([owner, methodOf(ctx)]) : bindingOf(owner, served.call.request)
  return { key, principal, served }
}

function methodOf (ctx: object): string {
  return String((ctx as { mcpReq?: { method?: unknown } }).mcpReq?.method)
}
