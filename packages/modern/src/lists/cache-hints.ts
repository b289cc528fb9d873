import { type Duration, InvalidOptionError, isObject, milliseconds } from '@holdfast/core'

/** Methods whose results say how long a client may keep them (server/utilities/caching). */
const CACHEABLE_METHODS = [
  'server/discover', 'tools/list', 'prompts/list', 'resources/list', 'resources/templates/list', 'resources/read'
] as const

export type CacheableMethod = typeof CACHEABLE_METHODS[number]

export interface CacheOption {
  /** How long a client may keep the result. Default 0: not at all. */
  ttl?: Duration
  /** `public`: the result is the same for everybody. Default `private`. */
  scope?: 'public' | 'private'
}

/** Caching hints by method. */
export type CacheOptions = { readonly [Method in CacheableMethod]?: CacheOption }

/** A hint as it is sent. SDK v2 takes such hints as its option `cacheHints`. */
export interface CacheHint {
  ttlMs: number
  cacheScope: 'public' | 'private'
}

/** What a result says when nobody said anything else. */
export const UNCACHED: Readonly<CacheHint> = { ttlMs: 0, cacheScope: 'private' }

/**
 * The hints that options ask for.
 *
 * @throws InvalidOptionError
 */
export function cacheHints (options: CacheOptions): { [Method in CacheableMethod]?: CacheHint } {
  return Object.fromEntries(Object.entries(options).map(([method, option]) => [method, hint(method, option)]))
}

export function isCacheable (method: string): method is CacheableMethod {
  return (CACHEABLE_METHODS as readonly string[]).includes(method)
}

export function isTtl (value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

export function isScope (value: unknown): value is CacheHint['cacheScope'] {
  return value === 'public' || value === 'private'
}

function hint (method: string, option: unknown): CacheHint {
  const path = `cache.${method}`
  if (!isCacheable(method)) throw new InvalidOptionError(path, 'results of this method cannot be kept')
  if (!isObject(option)) throw new InvalidOptionError(path, 'expected an object')
  const { ttl = 0, scope = UNCACHED.cacheScope } = option
  if (!isScope(scope)) throw new InvalidOptionError(`${path}.scope`, "expected 'public' or 'private'")
  return { ttlMs: ttl === 0 ? 0 : milliseconds(ttl as Duration, `${path}.ttl`), cacheScope: scope }
}
