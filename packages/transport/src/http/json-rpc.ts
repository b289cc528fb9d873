import { isObject } from '@holdfast/core'
import type {
  JSONRPCMessage, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse, RequestId
} from '@modelcontextprotocol/sdk/types.js'

export type { RequestId }
export type Message = JSONRPCMessage
export type Request = JSONRPCRequest
export type Notification = JSONRPCNotification
/** A result or an error. */
export type Response = Extract<JSONRPCResponse, { id?: unknown }>

/** The body is not JSON (JSON-RPC 2.0 §5.1). */
export const PARSE_ERROR = -32700
/** The body is no JSON-RPC request, or is not allowed here (JSON-RPC 2.0 §5.1). */
export const INVALID_REQUEST = -32600
export const INVALID_PARAMS = -32602
export const INTERNAL_ERROR = -32603
/** Any other refusal, as MCP implementations share it. */
export const SERVER_ERROR = -32000
export const SESSION_NOT_FOUND = -32001

const RELATED_TASK = 'io.modelcontextprotocol/related-task'

/** Messages in a batch. JSON-RPC 2.0 §6 sets no limit; the SDK accepts 100. */
export const MAX_BATCH = 100

/** Characters of an id. */
const MAX_ID = 256

/*
 * The SDK silently drops everything that is not exactly a message, for example a message with an unknown member, or
 * with an object as its progress token. Therefore these checks accept only what the SDK accepts.
 */

const REQUEST: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params'])
const NOTIFICATION: ReadonlySet<string> = new Set(['jsonrpc', 'method', 'params'])
const RESULT: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'result'])
const ERROR: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'error'])

export function isRequest (message: unknown): message is Request {
  return isMessage(message, REQUEST) && isRequestId(message.id) && isCall(message)
}

export function isNotification (message: unknown): message is Notification {
  return isMessage(message, NOTIFICATION) && isCall(message)
}

export function isResponse (message: unknown): message is Response {
  if (!isObject(message) || !isRequestId(message.id)) return false
  return message.error === undefined
    ? isMessage(message, RESULT) && hasMeta(message.result)
    : isMessage(message, ERROR) && isError(message.error)
}

/**
 * MCP is stricter than JSON-RPC: an id is a string or a whole number, never null. Ids are stored with their streams, so
 * their length is limited.
 */
export function isRequestId (id: unknown): id is RequestId {
  return typeof id === 'string' ? id.length <= MAX_ID : Number.isSafeInteger(id)
}

/** The id of an unchecked message, for an error about the message; null when there is no valid id. */
export function idOf (message: unknown): RequestId | null {
  return isObject(message) && typeof message.method === 'string' && isRequestId(message.id) ? message.id : null
}

export function errorMessage (id: RequestId | null, code: number, message: string, data?: unknown): Response {
  const error = data === undefined ? { code, message } : { code, message, data }
  return { jsonrpc: '2.0', id, error } as Response
}

function isMessage (message: unknown, members: ReadonlySet<string>): message is Record<string, unknown> {
  if (!isObject(message) || message.jsonrpc !== '2.0') return false
  for (const name in message) if (!members.has(name)) return false
  return true
}

function isCall ({ method, params }: Record<string, unknown>): boolean {
  return typeof method === 'string' && (params === undefined || hasMeta(params))
}

function isError (error: unknown): boolean {
  return isObject(error) && Number.isSafeInteger(error.code) && typeof error.message === 'string'
}

/** Whether a value is an object, without `_meta` or with a `_meta` that the SDK accepts. */
function hasMeta (value: unknown): boolean {
  if (!isObject(value)) return false
  const { _meta: meta } = value
  if (meta === undefined) return true
  if (!isObject(meta)) return false
  const { progressToken: token, [RELATED_TASK]: task } = meta
  return (token === undefined || isRequestId(token)) &&
    (task === undefined || (isObject(task) && typeof task.taskId === 'string'))
}
