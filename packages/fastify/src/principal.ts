import type { FastifyRequest } from 'fastify'
import { type Principal, isPrincipal } from '@holdfast/core'
import type { Settings } from './check-options.js'

/** Undefined for a request that must be refused, null for a request without a principal that is allowed. */
type ReadPrincipal = (request: FastifyRequest) => Promise<Principal | null | undefined>

/**
 * Reads the principal of a request; undefined without the option `principal`. An incomplete principal counts as none: a
 * token without a subject must not lead to an owner that several users share.
 */
export function principalReader ({ principal, anonymous }: Settings): ReadPrincipal | undefined {
  if (principal === undefined) return undefined
  return async request => {
    const found = await principal(request)
    return isPrincipal(found) ? found : anonymous && (found === undefined || found === null) ? null : undefined
  }
}
