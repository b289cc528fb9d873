import { Compile } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import type { FastifyRequest } from 'fastify'
import { HoldfastError, type Json } from '@holdfast/core'
import type { HoldfastOptions } from './options.js'
import type { AppContext } from './session-types.js'

type Option = HoldfastOptions['context']

type Read = (request: FastifyRequest) => Promise<Json>
type Renew = (request: FastifyRequest, current: Json) => Promise<Json>

/** @returns a check that says what is wrong with a context: the place, never the value. None without a schema. */
export function contextCheck (option: Option): ((context: Json) => string | undefined) | undefined {
  if (option?.schema === undefined) return undefined
  const validator = Compile(option.schema)
  return context => {
    if (validator.Check(context)) return undefined
    const [{ instancePath, message }] = validator.Errors(context) as [TLocalizedValidationError]
    return `context${instancePath.replaceAll('/', '.')}: ${message}`
  }
}

/**
 * Reads and checks contexts: of new sessions, and again of sessions that go on.
 *
 * @throws HoldfastError HOLDFAST_INVALID_CONTEXT
 */
export function contextReaders (option: Option): { read?: Read, renew?: Renew } {
  if (option === undefined) return {}
  const check = contextCheck(option)
  const checked = (request: FastifyRequest, context: Json, whose: string): Json => {
    const message = check?.(context)
    if (message === undefined) return context
    // The client is not told what is wrong with what you resolved.
    request.log.warn({ reason: message }, `holdfast: the context of ${whose} does not match its schema`)
    throw new HoldfastError('HOLDFAST_INVALID_CONTEXT', message)
  }
  const { resolve, renew } = option
  return {
    read: async request => checked(request, await resolve(request) as Json, 'a new session'),
    ...(renew !== undefined && {
      renew: async (request, current) =>
        checked(request, await renew(request, current as AppContext) as Json, 'a renewed session')
    })
  }
}
