import { isDeepStrictEqual } from 'node:util'
import type { Leg } from './leg.js'
import { askServer } from './own-call.js'

/**
 * Lets two callers list the tools of a shared server, the first one twice. A server that is fit to be shared shows the
 * same each time: what differs was kept from a caller, or depends on who asks.
 *
 * @param wait milliseconds that the server has for each answer
 * @returns what to tell the developer; undefined when nothing differs
 * @throws HoldfastError HOLDFAST_FACTORY_TIMEOUT
 */
export async function findLeak (leg: Leg, wait: number): Promise<string | undefined> {
  const first = await askServer(leg, 'tools/list', wait, 'holdfast-check-1')
  const second = await askServer(leg, 'tools/list', wait, 'holdfast-check-2')
  const again = await askServer(leg, 'tools/list', wait, 'holdfast-check-1')
  if (!isDeepStrictEqual(first, again)) {
    return 'the shared server lists other tools when the same caller asks again. A list must not depend on earlier ' +
      'requests: register all tools in create'
  }
  if (!isDeepStrictEqual(first, second)) {
    return 'the shared server lists other tools to another caller. That is right only if its handler looks at the ' +
      'caller of each request. If the server keeps something of a caller, name who may share one in the option `per`'
  }
  return undefined
}
