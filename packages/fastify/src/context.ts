import { Compile } from 'typebox/compile'
import type { FastifyRequest } from 'fastify'
import { HoldfastError, type Json } from '@holdfast/core'
import type { HoldfastOptions } from './options.js'

/**
 * Reads and checks the context of a new session.
 *
 * @throws HoldfastError HOLDFAST_INVALID_CONTEXT; its message names the place, never the value
 */
export function contextReader (option: HoldfastOptions['context']): ((request: FastifyRequest) => Promise<Json>) | undefined {
  if (option === undefined) return undefined
  const { schema, resolve } = option
  const validator = schema === undefined ? undefined : Compile(schema)
  return async request => {
    const context = await resolve(request)
    if (validator === undefined || validator.Check(context)) return context
    const [error] = validator.Errors(context)
    const message = `context${error?.instancePath.replaceAll('/', '.') ?? ''}: ${error?.message ?? 'does not match its schema'}`
    // The client is not told what is wrong with what you resolved.
    request.log.warn({ reason: message }, 'holdfast: the context of a new session does not match its schema')
    throw new HoldfastError('HOLDFAST_INVALID_CONTEXT', message)
  }
}
