import { STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AuditEvent } from '../audit.js'
import { setHeaders } from '../reply-headers.js'

/** What an admin route does. `list` is of sessions and of replicas, `terminate` of one session or of all of an owner. */
export type AdminAction = 'list' | 'show' | 'terminate' | 'export' | 'restore'

/**
 * Whether whoever sends a request may do something with everybody's sessions. Only `true` lets it through. It runs after your
 * `onRequest` hooks and before anything else is looked at. An error with `statusCode: 401` asks for authentication; anything else is
 * answered 403.
 */
export type Authorize = (request: FastifyRequest, action: AdminAction) => boolean | Promise<boolean>

const audit: AuditEvent = 'admin_request'

/** @returns an `onRequest` hook that turns away whoever may not do it, always in the same words */
export function guard (authorize: Authorize, action: AdminAction, replica: string): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined> {
  return async (request, reply) => {
    const status = await refusal(authorize, request, action)
    if (status === undefined) {
      request.log.info({ audit, replica, outcome: 'success', action }, 'holdfast: an admin request was let in')
      return undefined
    }
    request.log.warn({ audit, replica, outcome: 'refused', action }, 'holdfast: an admin request was turned away')
    if (status === 401) setHeaders(reply, { 'www-authenticate': 'Bearer' })
    return await refuse(reply, status)
  }
}

export async function refuse (reply: FastifyReply, status: 401 | 403): Promise<FastifyReply> {
  return await reply.code(status).send({ statusCode: status, error: STATUS_CODES[status], message: STATUS_CODES[status] })
}

async function refusal (authorize: Authorize, request: FastifyRequest, action: AdminAction): Promise<401 | 403 | undefined> {
  try {
    return await authorize(request, action) === true ? undefined : 403
  } catch (error) {
    if ((error as { statusCode?: unknown } | null | undefined)?.statusCode === 401) return 401
    request.log.error({ err: error }, 'holdfast: admin.authorize failed')
    return 403
  }
}
