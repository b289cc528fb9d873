import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isHoldfastError } from '@holdfast/core'
import { failureReply } from '@holdfast/transport'
import { setHeaders } from '../reply-headers.js'

const NONE: Readonly<Record<string, string>> = {}

/** The error to throw when a request is refused. {@link failures} answers it. */
export function refusal (statusCode: number, message: string): Error {
  return Object.assign(new Error(message), { statusCode })
}

/** Answers errors of a scope in the form of its schemas. The reason of a status from 500 on goes to the log only. */
export function failures (scope: FastifyInstance): void {
  scope.setErrorHandler<FastifyError>((error, request, reply) => fail(error, request, reply))
}

function fail (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, headers } = isHoldfastError(error)
    ? failureReply(error, null)
    : { status: statusOf(error), headers: NONE }
  if (status >= 500) request.log.error({ err: error }, 'holdfast: an admin request failed')
  const { 'retry-after': wait } = headers
  setHeaders(reply, wait === undefined ? NONE : { 'retry-after': wait })
  const name = STATUS_CODES[status]
  return reply.code(status).send({ statusCode: status, error: name, message: status >= 500 ? name : error.message })
}

/** The status that Fastify, or a hook of the application, has set. Any other error is a defect: 500. */
function statusOf ({ statusCode = 500 }: FastifyError): number {
  return Number.isInteger(statusCode) && statusCode >= 400 && statusCode <= 599 ? statusCode : 500
}
