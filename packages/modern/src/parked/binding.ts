import type { Request } from '@holdfast/transport'
import { canonical, digestOf } from './canonical.js'

/**
 * Names who asks for what: owner, method, name or URI, and arguments. Equal for the first attempt of a call and all of
 * its retries. The order of the members of the arguments does not matter.
 *
 * @param owner the digest of the owner, `''` for nobody
 */
export function bindingOf (owner: string, { method, params = {} }: Request): string {
  return digestOf('call', owner, method, canonical(params.name ?? params.uri), canonical(params.arguments))
}
