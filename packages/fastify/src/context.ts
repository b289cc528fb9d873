import { Compile } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import type { FastifyRequest } from 'fastify'
import { HoldfastError, type Json } from '@holdfast/core'
import type { HoldfastOptions } from './options.js'

type Option = HoldfastOptions['context']

/** @returns a check that says what is wrong with a context, naming the place and not the value; none without a schema */
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
 * Reads and checks the context of a new session.
 *
 * @throws HoldfastError HOLDFAST_INVALID_CONTEXT
 */
export function contextReader (option: Option): ((request: FastifyRequest) => Promise<Json>) | undefined {
  if (option === undefined) return undefined
  const check = contextCheck(option)
  return async request => {
    const context = await option.resolve(request) as Json
    const message = check?.(context)
    if (message === undefined) return context
    // The client is not told what is wrong with what you resolved.
    request.log.warn({ reason: message }, 'holdfast: the context of a new session does not match its schema')
    throw new HoldfastError('HOLDFAST_INVALID_CONTEXT', message)
  }
}
