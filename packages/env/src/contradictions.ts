import { VARIABLES } from './variables.js'

type Options = ReadonlyMap<string, unknown>

/**
 * Variables that do not go together.
 *
 * @param options what could be read, by path
 * @param environment what is set, also where it could not be read: that is reported already
 * @param hasKeys whether the application has keys of its own
 */
export function contradictions (options: Options, environment: NodeJS.ProcessEnv, hasKeys: boolean): string[] {
  const isSet = (name: string): boolean => environment[name] !== undefined
  const isSealed = hasKeys || isSet('HOLDFAST_KEYS') || isSet('HOLDFAST_ENCRYPTION')
  return [
    ...useless(options, isSet),
    ...rules(options, isSet, isSealed).filter(([applies]) => applies).map(([, problem]) => problem)
  ]
}

type Rule = [applies: boolean, problem: string]

function rules (options: Options, isSet: (name: string) => boolean, isSealed: boolean): Rule[] {
  const backend = options.get('backend')
  const [onRedis, onSqlite] = [backend === 'redis', backend === 'sqlite']
  const remedy = 'or say HOLDFAST_ENCRYPTION=none'
  return [
    [onRedis && !isSet('REDIS_URL'), 'REDIS_URL: is needed for HOLDFAST_BACKEND=redis'],
    [onSqlite && !isSet('HOLDFAST_SQLITE'), 'HOLDFAST_SQLITE: is needed for HOLDFAST_BACKEND=sqlite'],
    [onRedis && !isSealed, `HOLDFAST_BACKEND: what is in Redis is sealed, so it needs HOLDFAST_KEYS; ${remedy}`],
    [onSqlite && !isSealed, `HOLDFAST_BACKEND: what is in the file is sealed, so it needs HOLDFAST_KEYS; ${remedy}`],
    [options.has('snapshot.path') && !isSealed, `HOLDFAST_SNAPSHOT: is sealed, so it needs HOLDFAST_KEYS; ${remedy}`],
    [
      options.has('encryption') && isSet('HOLDFAST_KEYS'),
      'HOLDFAST_ENCRYPTION: cannot be "none" while HOLDFAST_KEYS is set'
    ],
    [
      options.get('legacy') === 'off' && options.get('modern') === 'refuse',
      'HOLDFAST_LEGACY: cannot be "off" while HOLDFAST_MODERN is "refuse"'
    ],
    [onRedis && isCopyOfItself(options), 'HOLDFAST_COPY_URL: names the same Redis and prefix as REDIS_URL']
  ]
}

function isCopyOfItself (options: Options): boolean {
  if (!options.has('copy.url') || !options.has('redis.url')) return false
  const prefix = options.get('redis.prefix')
  return String(options.get('copy.url')) === String(options.get('redis.url')) &&
    (options.get('copy.prefix') ?? prefix) === prefix
}

/** A variable that must be set, or a value that `HOLDFAST_BACKEND` must have. */
interface Need {
  option: string
  variable: string
  value?: string
}

const COPY: Need = { option: 'copy.url', variable: 'HOLDFAST_COPY_URL' }
const FALLBACK: Need = { option: 'fallback.to', variable: 'HOLDFAST_FALLBACK' }
const SNAPSHOT: Need = { option: 'snapshot.path', variable: 'HOLDFAST_SNAPSHOT' }
const [MEMORY, REDIS, SQLITE] = ['memory', 'redis', 'sqlite']
  .map(value => ({ option: 'backend', variable: 'HOLDFAST_BACKEND', value })) as [Need, Need, Need]

/** Beginnings of options, and what they do nothing without: one of these is enough. */
const NEEDS: ReadonlyArray<[options: RegExp, ...oneOf: Need[]]> = [
  [/^redis\.(?!url)/, REDIS],
  [/^sqlite\./, SQLITE],
  [/^memory\./, MEMORY, FALLBACK],
  [/^fallback\.to$/, REDIS],
  [/^fallback\.(?!to)/, FALLBACK],
  [/^copy\.url$/, REDIS, SQLITE],
  [/^copy\.(?!url)/, COPY],
  [/^snapshot\.(?!path)/, SNAPSHOT]
]

function useless (options: Options, isSet: (name: string) => boolean): string[] {
  return VARIABLES.flatMap(({ name, option = '' }) => {
    if (!options.has(option)) return []
    return NEEDS.filter(([pattern, ...oneOf]) => pattern.test(option) && oneOf.every(lacks))
      .map(([, ...oneOf]) => `${name}: does nothing without ${oneOf.map(text).join(' or ')}`)
  })

  function lacks ({ option, variable, value }: Need): boolean {
    // What is set and could not be read may have been meant so.
    if (isSet(variable) && !options.has(option)) return false
    return value === undefined ? !isSet(variable) : (options.get(option) ?? 'memory') !== value
  }
}

function text ({ variable, value }: Need): string {
  return value === undefined ? variable : `${variable}=${value}`
}
