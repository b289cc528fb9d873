import { SETTINGS, VARIABLES, type Variable } from './variables.js'

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
  const known = new Set(VARIABLES.map(({ name }) => name))
  return Object.keys(environment)
    .filter(name => name.startsWith('HOLDFAST_') && !known.has(name))
    .map(name => `${name}: is not a variable of this server`)
}

function contradictions (settings: Partial<Settings>): string[] {
  return [...withoutRedis(settings), ...withoutSnapshot(settings), ...sameTokens(settings)]
}

function withoutRedis (settings: Partial<Settings>): string[] {
  const { backend, redisUrl, redisMaster, redisPrefix, replicated, durability, keys, encryption } = settings
  const problems = []
  if (backend === 'redis') {
    if (redisUrl === undefined) problems.push('REDIS_URL: is needed for HOLDFAST_BACKEND=redis')
    if (keys === undefined && encryption === undefined) {
      problems.push('HOLDFAST_BACKEND: what is in Redis is sealed, so it needs HOLDFAST_KEYS; ' +
        'or say HOLDFAST_ENCRYPTION=none')
    }
  } else {
    const useless = 'does nothing without HOLDFAST_BACKEND=redis'
    if (redisMaster !== undefined) problems.push(`HOLDFAST_REDIS_MASTER: ${useless}`)
    if (redisPrefix !== undefined) problems.push(`HOLDFAST_REDIS_PREFIX: ${useless}`)
    if (replicated !== undefined) problems.push(`HOLDFAST_REDIS_REPLICATED: ${useless}`)
    if (durability !== undefined) problems.push(`HOLDFAST_DURABILITY: ${useless}`)
  }
  return problems
}

function withoutSnapshot ({ keys, encryption, snapshot, snapshotEvery }: Partial<Settings>): string[] {
  const problems = []
  if (keys !== undefined && encryption !== undefined) {
    problems.push('HOLDFAST_ENCRYPTION: cannot be "none" while HOLDFAST_KEYS is set')
  }
  if (snapshot !== undefined && keys === undefined && encryption === undefined) {
    problems.push('HOLDFAST_SNAPSHOT: is sealed, so it needs HOLDFAST_KEYS; or say HOLDFAST_ENCRYPTION=none')
  }
  if (snapshot === undefined && snapshotEvery !== undefined) {
    problems.push('HOLDFAST_SNAPSHOT_EVERY: does nothing without HOLDFAST_SNAPSHOT')
  }
  return problems
}

function sameTokens ({ adminToken, demoTokens = [] }: Partial<Settings>): string[] {
  const isShared = demoTokens.some(({ token }) => token === adminToken)
  return isShared ? ['HOLDFAST_ADMIN_TOKEN: is a token of a tenant as well'] : []
}
