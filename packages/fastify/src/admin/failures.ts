import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { failureReply } from '@holdfast/transport'

/** What a request is turned down with, for {@link failures} to answer. */
export function refusal (statusCode: number, message: string): Error {
  return Object.assign(new Error(message), { statusCode })
}

/** Has errors of a scope answered in the form that its schemas document. What is wrong inside is said to the log only. */
export function failures (scope: FastifyInstance): void {
  scope.setErrorHandler<FastifyError>((error, request, reply) => fail(error, request, reply))
}

function fail (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, headers } = failureReply(error, null)
  if (status >= 500) request.log.error({ err: error }, 'holdfast: an admin request failed')
  if (headers['retry-after'] !== undefined) reply.header('retry-after', headers['retry-after'])
  return reply.code(status).send({ statusCode: status, error: STATUS_CODES[status], message: status >= 500 ? STATUS_CODES[status] : error.message })
}
