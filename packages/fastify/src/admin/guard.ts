import { STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AuditEvent } from '../audit.js'
import { setHeaders } from '../reply-headers.js'

/**
 * The action of an admin route. `list` lists sessions or replicas. `terminate` ends one session, or all sessions of an
 * owner.
 */
export type AdminAction = 'list' | 'show' | 'terminate' | 'export' | 'restore'

/**
 * Decides whether a request may do `action` with the sessions of all users. Only `true` allows it. The function runs
 * after your `onRequest` hooks, before the rest of the request is read. If it throws an error with `statusCode: 401`,
 * the answer is 401; any other error or result is answered 403.
 */
export type Authorize = (request: FastifyRequest, action: AdminAction) => boolean | Promise<boolean>

const audit: AuditEvent = 'admin_request'

type Guard = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>

/** @returns an `onRequest` hook that refuses requests without permission, always with the same text */
export function guard (authorize: Authorize, action: AdminAction, replica: string): Guard {
  return async (request, reply) => {
    const status = await refusal(authorize, request, action)
    if (status === undefined) {
      request.log.info({ audit, replica, outcome: 'success', action }, 'holdfast: an admin request was allowed')
      return undefined
    }
    request.log.warn({ audit, replica, outcome: 'refused', action }, 'holdfast: an admin request was refused')
    if (status === 401) setHeaders(reply, { 'www-authenticate': 'Bearer' })
    return await refuse(reply, status)
  }
}

export async function refuse (reply: FastifyReply, status: 401 | 403): Promise<FastifyReply> {
  const name = STATUS_CODES[status]
  return await reply.code(status).send({ statusCode: status, error: name, message: name })
}

async function refusal (
  authorize: Authorize, request: FastifyRequest, action: AdminAction
): Promise<401 | 403 | undefined> {
  try {
    return await authorize(request, action) === true ? undefined : 403
  } catch (error) {
    if ((error as { statusCode?: unknown } | null | undefined)?.statusCode === 401) return 401
    request.log.error({ err: error }, 'holdfast: admin.authorize failed')
    return 403
  }
}
