import { milliseconds } from '@holdfast/core'
import { Keyring } from '@holdfast/fastify'
import { parseAdminToken } from './admin-token.js'
import { BACKENDS, type BackendName } from './backends.js'
import { parseDemoTokens } from './demo-tokens.js'

interface Variable<T> {
  name: string
  parse: (text: string) => T
  default?: T
}

const SETTINGS = {
  host: { name: 'HOST', parse: String, default: '127.0.0.1' },
  port: { name: 'PORT', parse: wholeNumber(0, 65_535), default: 3_000 },
  backend: { name: 'HOLDFAST_BACKEND', parse: oneOf(Object.keys(BACKENDS) as BackendName[]), default: 'memory' },
  redisUrl: { name: 'REDIS_URL', parse: redisUrls },
  redisMaster: { name: 'HOLDFAST_REDIS_MASTER', parse: String },
  redisPrefix: { name: 'HOLDFAST_REDIS_PREFIX', parse: String },
  replicated: { name: 'HOLDFAST_REDIS_REPLICATED', parse: wholeNumber(0) },
  durability: { name: 'HOLDFAST_DURABILITY', parse: oneOf(['warn', 'strict']) },
  idle: { name: 'HOLDFAST_IDLE', parse: duration },
  absolute: { name: 'HOLDFAST_ABSOLUTE', parse: duration },
  maxSessions: { name: 'HOLDFAST_MAX_SESSIONS', parse: wholeNumber(1) },
  maxPerOwner: { name: 'HOLDFAST_MAX_PER_OWNER', parse: wholeNumber(1) },
  maxLive: { name: 'HOLDFAST_MAX_LIVE', parse: wholeNumber(1) },
  responseMode: { name: 'HOLDFAST_RESPONSE_MODE', parse: oneOf(['auto', 'json', 'sse']) },
  streamAfter: { name: 'HOLDFAST_STREAM_AFTER', parse: duration },
  heartbeat: { name: 'HOLDFAST_HEARTBEAT', parse: duration },
  drainDelay: { name: 'HOLDFAST_DRAIN_DELAY', parse: duration },
  drainTimeout: { name: 'HOLDFAST_DRAIN_TIMEOUT', parse: duration },
  keys: { name: 'HOLDFAST_KEYS', parse: (text: string) => new Keyring(text) },
  encryption: { name: 'HOLDFAST_ENCRYPTION', parse: oneOf(['none']) },
  snapshot: { name: 'HOLDFAST_SNAPSHOT', parse: String },
  snapshotEvery: { name: 'HOLDFAST_SNAPSHOT_EVERY', parse: duration },
  adminToken: { name: 'HOLDFAST_ADMIN_TOKEN', parse: parseAdminToken },
  demoTokens: { name: 'HOLDFAST_DEMO_TOKENS', parse: parseDemoTokens }
} satisfies Record<string, Variable<unknown>>

type Table = typeof SETTINGS
type Parsed<K extends keyof Table> = ReturnType<Table[K]['parse']>
type Defaulted = { [K in keyof Table]: Table[K] extends { default: unknown } ? K : never }[keyof Table]

/** What the environment says. Durations are milliseconds; what is absent is left to the plugin's defaults. */
export type Settings =
  { [K in Defaulted]: Parsed<K> } & { [K in Exclude<keyof Table, Defaulted>]?: Parsed<K> }

/** The environment is not usable. The message has one line for every variable that is wrong, and never its value. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError'
  readonly code = 'INVALID_ENVIRONMENT'
}

/**
 * Reads `HOST`, `PORT`, `REDIS_URL` and the `HOLDFAST_*` variables.
 *
 * @throws EnvironmentError a value is wrong or empty, a `HOLDFAST_*` variable is unknown, or two do not go together
 */
export function readEnvironment (environment: NodeJS.ProcessEnv): Settings {
  const settings: Record<string, unknown> = {}
  const problems = unknownVariables(environment)
  for (const [key, variable] of Object.entries<Variable<unknown>>(SETTINGS)) {
    const text = environment[variable.name]
    try {
      if (text === '') throw new Error('is empty: unset it, or give it a value')
      const value = text === undefined ? variable.default : variable.parse(text)
      if (value !== undefined) settings[key] = value
    } catch (error) {
      problems.push(`${variable.name}: ${(error as Error).message}`)
    }
  }
  if (problems.length === 0) problems.push(...contradictions(settings))
  if (problems.length > 0) throw new EnvironmentError(problems.join('\n'))
  return settings as Settings
}

function unknownVariables (environment: NodeJS.ProcessEnv): string[] {
  const known = new Set(Object.values(SETTINGS).map(({ name }) => name))
  return Object.keys(environment)
    .filter(name => name.startsWith('HOLDFAST_') && !known.has(name))
    .map(name => `${name}: is not a variable of this server`)
}

function contradictions (settings: Partial<Settings>): string[] {
  return [...withoutRedis(settings), ...withoutSnapshot(settings), ...sameTokens(settings)]
}

function withoutRedis ({ backend, redisUrl, redisMaster, redisPrefix, replicated, durability, keys, encryption }: Partial<Settings>): string[] {
  const problems = []
  if (backend === 'redis') {
    if (redisUrl === undefined) problems.push('REDIS_URL: is needed for HOLDFAST_BACKEND=redis')
    if (keys === undefined && encryption === undefined) problems.push('HOLDFAST_BACKEND: what is in Redis is sealed, so it needs HOLDFAST_KEYS; or say HOLDFAST_ENCRYPTION=none')
  } else {
    if (redisMaster !== undefined) problems.push('HOLDFAST_REDIS_MASTER: does nothing without HOLDFAST_BACKEND=redis')
    if (redisPrefix !== undefined) problems.push('HOLDFAST_REDIS_PREFIX: does nothing without HOLDFAST_BACKEND=redis')
    if (replicated !== undefined) problems.push('HOLDFAST_REDIS_REPLICATED: does nothing without HOLDFAST_BACKEND=redis')
    if (durability !== undefined) problems.push('HOLDFAST_DURABILITY: does nothing without HOLDFAST_BACKEND=redis')
  }
  return problems
}

function withoutSnapshot ({ keys, encryption, snapshot, snapshotEvery }: Partial<Settings>): string[] {
  const problems = []
  if (keys !== undefined && encryption !== undefined) problems.push('HOLDFAST_ENCRYPTION: "none" cannot be meant while HOLDFAST_KEYS is set')
  if (snapshot !== undefined && keys === undefined && encryption === undefined) problems.push('HOLDFAST_SNAPSHOT: is sealed, so it needs HOLDFAST_KEYS; or say HOLDFAST_ENCRYPTION=none')
  if (snapshot === undefined && snapshotEvery !== undefined) problems.push('HOLDFAST_SNAPSHOT_EVERY: does nothing without HOLDFAST_SNAPSHOT')
  return problems
}

function sameTokens ({ adminToken, demoTokens = [] }: Partial<Settings>): string[] {
  return demoTokens.some(({ token }) => token === adminToken) ? ['HOLDFAST_ADMIN_TOKEN: is a token of a tenant as well'] : []
}

function redisUrls (text: string): string[] {
  const urls = text.split(',')
  if (urls.every(url => URL.canParse(url) && /^rediss?:$/.test(new URL(url).protocol))) return urls
  throw new Error('expected redis://host:port, or rediss:// for TLS; several with commas between them for a Cluster or Sentinels')
}

function wholeNumber (min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return text => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN
    if (value >= min && value <= max) return value
    throw new Error(`expected a whole number from ${min} to ${max}`)
  }
}

function oneOf<const T extends string> (values: readonly T[]): (text: string) => T {
  return text => {
    const value = values.find(value => value === text)
    if (value !== undefined) return value
    throw new Error(`expected one of ${values.join(', ')}`)
  }
}

function duration (text: string): number {
  try {
    return milliseconds(/^\d+$/.test(text) ? Number(text) : text, '')
  } catch {
    throw new Error('expected a positive number of milliseconds, or one with a unit such as 500ms, 30s, 15m, 24h')
  }
}
