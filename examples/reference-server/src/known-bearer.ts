import bearerAuth from '@fastify/bearer-auth'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Whether a request came with a token that is known. It compares in constant time. */
export type IsKnown = (request: FastifyRequest, reply: FastifyReply) => Promise<boolean>

/** A check of bearer tokens (RFC 6750) with `@fastify/bearer-auth`. It answers nothing by itself. */
export async function knownBearer (app: FastifyInstance, tokens: readonly string[]): Promise<IsKnown> {
  const options = {
    addHook: false, keys: new Set(tokens), specCompliance: 'rfc6749', verifyErrorLogLevel: 'debug'
  } as const
  if (app.verifyBearerAuthFactory === undefined) await app.register(bearerAuth, options)
  const verify = (app.verifyBearerAuthFactory as NonNullable<typeof app.verifyBearerAuthFactory>)(options)
  return async (request, reply) => await new Promise(resolve => {
    verify(request, reply, error => { resolve(error === undefined) })
  })
}

/** The bearer token that came with a request. */
export function bearerOf ({ headers }: FastifyRequest): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
}
