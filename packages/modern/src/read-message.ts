import { isObject } from '@holdfast/core'
import {
  INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR, type Notification, type Reply, type Request, errorReply, idOf,
  isNotification, isRequest, isTooDeep
} from '@holdfast/transport'

/** The one message of a body (basic/transports/streamable-http, Sending Messages), or the reply that refuses it. */
export function readMessage (body: unknown): Request | Notification | Reply {
  if (body === undefined) return errorReply(400, null, PARSE_ERROR, 'Parse error: the body is not JSON')
  if (isTooDeep(body)) return refused(body, 'the body nests too deeply')
  if (isRequest(body) || isNotification(body)) return body
  if (Array.isArray(body)) return refused(body, 'this protocol version has no batches')
  if (isMessageButMeta(body)) return errorReply(400, idOf(body), INVALID_PARAMS, 'Invalid params: _meta is not valid')
  return refused(body, 'not a JSON-RPC 2.0 request or notification')
}

/** Whether only `_meta` is wrong: it is no object, or a member that MCP defines has another type. */
function isMessageButMeta (body: unknown): boolean {
  if (!isObject(body) || !isObject(body.params)) return false
  const rest = { ...body, params: { ...body.params, _meta: undefined } }
  return isRequest(rest) || isNotification(rest)
}

function refused (body: unknown, reason: string): Reply {
  return errorReply(400, idOf(body), INVALID_REQUEST, `Invalid Request: ${reason}`)
}
