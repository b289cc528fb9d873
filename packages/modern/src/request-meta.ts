import { type JsonObject, isObject } from '@holdfast/core'
import {
  INVALID_PARAMS, type Inbound, type Reply, type RequestId, type Trace, errorReply, header, isRequestId, traceOf
} from '@holdfast/transport'
import { HEADER_MISMATCH } from './error-codes.js'
import { LOG_LEVELS } from './log-levels.js'
import { CAPABILITIES_KEY, CLIENT_KEY, LOG_LEVEL_KEY, VERSION_KEY } from './meta-keys.js'
import { MODERN_VERSION, refusedVersion } from './versions.js'

/** What a request says of itself in `_meta` (MCP 2026-07-28, basic/index). */
export interface RequestMeta {
  /** `io.modelcontextprotocol/protocolVersion`. */
  readonly version: string
  /** `io.modelcontextprotocol/clientCapabilities`. */
  readonly capabilities: Readonly<JsonObject>
  /** `io.modelcontextprotocol/clientInfo`, which a client should send. */
  readonly client?: { readonly name: string, readonly version: string }
  /** `io.modelcontextprotocol/logLevel`. Without it, the client gets no log messages. */
  readonly logLevel?: string
  readonly progressToken?: string | number
  /** W3C trace context. */
  readonly trace?: Trace
}

/** Characters of a version. Every version so far has ten. */
const LONGEST_VERSION = 64

/** Capabilities that the revision defines (schema, ClientCapabilities). Others may have any value. */
const CAPABILITIES = ['elicitation', 'sampling', 'roots', 'extensions', 'experimental']

type Writable<T> = { -readonly [Name in keyof T]: T[Name] }

/** The `_meta` of unchecked params. */
export function metaOf (params: unknown): unknown {
  return isObject(params) ? params._meta : undefined
}

/**
 * Reads `_meta` and checks it, first its version against the header and the versions that are served: of another
 * version nothing else is known.
 */
export function readMeta (
  id: RequestId, params: unknown, inbound: Pick<Inbound, 'headers'>
): RequestMeta | Reply {
  const given = metaOf(params)
  if (!isPlain(given)) return invalid(id, '_meta', 'an object')
  const { [VERSION_KEY]: version, [CAPABILITIES_KEY]: capabilities, [CLIENT_KEY]: client } = given
  if (typeof version !== 'string' || version.length > LONGEST_VERSION) return invalid(id, VERSION_KEY, 'a version')
  const named = header(inbound, 'mcp-protocol-version')
  if (named !== undefined && named !== version) {
    return errorReply(400, id, HEADER_MISMATCH, 'Header mismatch: MCP-Protocol-Version does not match the body')
  }
  if (version !== MODERN_VERSION) return refusedVersion(id, version)
  if (!areCapabilities(capabilities)) return invalid(id, CAPABILITIES_KEY, 'an object of capabilities')
  const meta: Writable<RequestMeta> = { version, capabilities }
  if (client !== undefined) {
    if (!isClient(client)) return invalid(id, CLIENT_KEY, 'a name and a version')
    meta.client = client
  }
  const { [LOG_LEVEL_KEY]: logLevel, progressToken } = given
  if (logLevel !== undefined) {
    if (typeof logLevel !== 'string' || !LOG_LEVELS.has(logLevel)) return invalid(id, LOG_LEVEL_KEY, 'a log level')
    meta.logLevel = logLevel
  }
  if (progressToken !== undefined) {
    if (!isRequestId(progressToken)) return invalid(id, 'progressToken', 'a string or a whole number')
    meta.progressToken = progressToken
  }
  const trace = traceOf(given, inbound)
  if (trace !== undefined) meta.trace = trace
  return meta
}

export function isRefused (read: RequestMeta | Reply): read is Reply {
  return 'status' in read
}

/** Nothing that the client sent is repeated. */
function invalid (id: RequestId, key: string, expected: string): Reply {
  return errorReply(400, id, INVALID_PARAMS, `Invalid params: ${key} must be ${expected}`)
}

function areCapabilities (value: unknown): value is JsonObject {
  return isPlain(value) && CAPABILITIES.every(name => value[name] === undefined || isPlain(value[name]))
}

function isClient (value: unknown): value is { name: string, version: string } {
  return isPlain(value) && typeof value.name === 'string' && typeof value.version === 'string'
}

/** An object that stays the same when its members are copied one by one. */
function isPlain (value: unknown): value is Record<string, unknown> {
  return isObject(value) && !Object.hasOwn(value, '__proto__')
}
