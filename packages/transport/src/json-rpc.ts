import { isObject } from '@holdfast/core'
import type { JSONRPCMessage, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse, RequestId } from '@modelcontextprotocol/sdk/types.js'

export type { RequestId }
export type Message = JSONRPCMessage
export type Request = JSONRPCRequest
export type Notification = JSONRPCNotification
/** A result or an error. */
export type Response = Extract<JSONRPCResponse, { id?: unknown }>

/** JSON-RPC 2.0 §5.1, and the codes that MCP implementations share. */
export const PARSE_ERROR = -32700
export const INVALID_REQUEST = -32600
export const INVALID_PARAMS = -32602
export const INTERNAL_ERROR = -32603
export const SERVER_ERROR = -32000
export const SESSION_NOT_FOUND = -32001
/** MCP 2026-07-28: the client falls back to a version in `data.supported`. */
export const UNSUPPORTED_VERSION = -32022

/** JSON-RPC 2.0 §6 sets no bound; the SDK takes 100. */
export const MAX_BATCH = 100

export function isRequest (message: unknown): message is Request {
  return isMessage(message) && typeof message.method === 'string' && isRequestId(message.id)
}

export function isNotification (message: unknown): message is Notification {
  return isMessage(message) && typeof message.method === 'string' && message.id === undefined
}

export function isResponse (message: unknown): message is Response {
  return isMessage(message) && message.method === undefined && isRequestId(message.id) &&
    (isObject(message.result) !== isObject(message.error))
}

/** MCP narrows JSON-RPC: a string or a whole number, never null. */
export function isRequestId (id: unknown): id is RequestId {
  return typeof id === 'string' || Number.isSafeInteger(id)
}

/** The id of a message that may be anything, for an error about it; null where it cannot be read. */
export function idOf (message: unknown): RequestId | null {
  return isObject(message) && typeof message.method === 'string' && isRequestId(message.id) ? message.id : null
}

export function errorMessage (id: RequestId | null, code: number, message: string, data?: unknown): Response {
  const error = data === undefined ? { code, message } : { code, message, data }
  return { jsonrpc: '2.0', id, error } as Response
}

function isMessage (message: unknown): message is Record<string, unknown> {
  return isObject(message) && message.jsonrpc === '2.0' && (message.params === undefined || isObject(message.params))
}
