import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isHoldfastError } from '@holdfast/core'
import { failureReply } from '@holdfast/transport'
import { setHeaders } from '../reply-headers.js'

const NONE: Readonly<Record<string, string>> = {}

/** What a request is turned down with, for {@link failures} to answer. */
export function refusal (statusCode: number, message: string): Error {
  return Object.assign(new Error(message), { statusCode })
}

/** Has errors of a scope answered in the form that its schemas document. What is wrong inside is said to the log only. */
export function failures (scope: FastifyInstance): void {
  scope.setErrorHandler<FastifyError>((error, request, reply) => fail(error, request, reply))
}

function fail (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, headers } = isHoldfastError(error) ? failureReply(error, null) : { status: statusOf(error), headers: NONE }
  if (status >= 500) request.log.error({ err: error }, 'holdfast: an admin request failed')
  const { 'retry-after': wait } = headers
  setHeaders(reply, wait === undefined ? NONE : { 'retry-after': wait })
  return reply.code(status).send({ statusCode: status, error: STATUS_CODES[status], message: status >= 500 ? STATUS_CODES[status] : error.message })
}

/** As hooks of the application, and Fastify, say it; anything else is a defect. */
function statusOf ({ statusCode = 500 }: FastifyError): number {
  return Number.isInteger(statusCode) && statusCode >= 400 && statusCode <= 599 ? statusCode : 500
}
