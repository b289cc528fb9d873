import type { FastifyRequest } from 'fastify'
import { type Principal, isObject } from '@holdfast/core'
import type { Settings } from './options.js'

const PARTS = ['issuer', 'subject', 'clientId', 'tenantId'] as const

/**
 * Who a request comes from; undefined when it must be turned away. Anything that is not a principal in full counts as none:
 * a subject that is missing from a token must not become a shared owner.
 */
export function principalReader ({ principal, anonymous }: Settings): (request: FastifyRequest) => Promise<Principal | null | undefined> {
  if (principal === undefined) return async () => null
  return async request => {
    const found = await principal(request)
    return isPrincipal(found) ? found : anonymous && (found === undefined || found === null) ? null : undefined
  }
}

function isPrincipal (value: unknown): value is Principal {
  return isObject(value) && typeof value.subject === 'string' && value.subject !== '' &&
    PARTS.every(part => value[part] === undefined || typeof value[part] === 'string')
}
