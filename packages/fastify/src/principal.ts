import type { FastifyRequest } from 'fastify'
import { type Principal, isPrincipal } from '@holdfast/core'
import type { Settings } from './settings.js'

/**
 * Who a request comes from; undefined when it must be turned away. Anything that is not a principal in full counts as none: a
 * subject that is missing from a token must not become a shared owner. Without the option nobody is asked.
 */
export function principalReader ({ principal, anonymous }: Settings): ((request: FastifyRequest) => Promise<Principal | null | undefined>) | undefined {
  if (principal === undefined) return undefined
  return async request => {
    const found = await principal(request)
    return isPrincipal(found) ? found : anonymous && (found === undefined || found === null) ? null : undefined
  }
}
