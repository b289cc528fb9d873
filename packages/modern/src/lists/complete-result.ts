import { isObject } from '@holdfast/core'
import type { Request } from '@holdfast/transport'
import { SERVER_KEY } from '../meta-keys.js'
import { type CacheHint, UNCACHED, isCacheable, isScope, isTtl } from './cache-hints.js'
import { withoutListening } from './without-listening.js'

/** A server's name for itself, `Implementation` of the schema. */
export interface ServerInfo {
  readonly name: string
  readonly version: string
  readonly [more: string]: unknown
}

type Result = Readonly<Record<string, unknown>>

/** What the results of an endpoint say where their server says nothing. */
export interface ResultDefaults {
  hints: { readonly [method: string]: CacheHint | undefined }
  serverInfo: ServerInfo | undefined
}

/** A result with all that the revision demands: `resultType`, caching hints, and the name of the server. */
export function completeResult ({ method, params }: Request, said: Result, defaults: ResultDefaults): Result {
  const result = method === 'server/discover' ? withoutListening(said) : said
  const { serverInfo } = defaults
  const hint = isCacheable(method) ? hintOf(method, params, result, defaults) : undefined
  const named = serverInfo === undefined ? undefined : withServerInfo(result._meta, serverInfo)
  if (result.resultType !== undefined && hint === undefined && named === undefined) return result
  return { resultType: 'complete', ...result, ...hint, ...(named !== undefined && { _meta: named }) }
}

/**
 * Whether a request continues another one (basic/patterns/mrtr). Its result depends on what the client answered, so
 * nobody may keep it (server/utilities/caching).
 */
export function isRetry (params: Request['params']): boolean {
  return params !== undefined && (params.inputResponses !== undefined || params.requestState !== undefined)
}

/** Each part of a hint comes from the server, or else from the options. */
function hintOf (
  method: string, params: Request['params'], { resultType = 'complete', ttlMs, cacheScope }: Result,
  { hints }: ResultDefaults
): CacheHint | undefined {
  if (resultType !== 'complete') return undefined
  if (isRetry(params)) return UNCACHED
  const { ttlMs: ttl, cacheScope: scope } = hints[method] ?? UNCACHED
  return { ttlMs: isTtl(ttlMs) ? ttlMs : ttl, cacheScope: isScope(cacheScope) ? cacheScope : scope }
}

/** Undefined when the result names its server already. */
function withServerInfo (meta: unknown, serverInfo: ServerInfo): Result | undefined {
  if (!isObject(meta)) return { [SERVER_KEY]: serverInfo }
  return meta[SERVER_KEY] === undefined ? { ...meta, [SERVER_KEY]: serverInfo } : undefined
}
