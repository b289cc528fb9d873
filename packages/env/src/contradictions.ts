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
  const onRedis = options.get('backend') === 'redis'
  const remedy = 'or say HOLDFAST_ENCRYPTION=none'
  return [
    [onRedis && !isSet('REDIS_URL'), 'REDIS_URL: is needed for HOLDFAST_BACKEND=redis'],
    [onRedis && !isSealed, `HOLDFAST_BACKEND: what is in Redis is sealed, so it needs HOLDFAST_KEYS; ${remedy}`],
    [options.has('snapshot.path') && !isSealed, `HOLDFAST_SNAPSHOT: is sealed, so it needs HOLDFAST_KEYS; ${remedy}`],
    [
      options.has('encryption') && isSet('HOLDFAST_KEYS'),
      'HOLDFAST_ENCRYPTION: cannot be "none" while HOLDFAST_KEYS is set'
    ],
    [isCopyOfItself(options), 'HOLDFAST_COPY_URL: names the same Redis and prefix as REDIS_URL']
  ]
}

function isCopyOfItself (options: Options): boolean {
  if (!options.has('copy.url') || !options.has('redis.url')) return false
  const prefix = options.get('redis.prefix')
  return String(options.get('copy.url')) === String(options.get('redis.url')) &&
    (options.get('copy.prefix') ?? prefix) === prefix
}

/** Beginnings of options, and the variable without which they do nothing. */
const NEEDS: ReadonlyArray<[options: RegExp, option: string, variable: string, value?: string]> = [
  [/^redis\.(?!url)/, 'backend', 'HOLDFAST_BACKEND', 'redis'],
  [/^(copy\.url|fallback\.to)$/, 'backend', 'HOLDFAST_BACKEND', 'redis'],
  [/^copy\.(?!url)/, 'copy.url', 'HOLDFAST_COPY_URL'],
  [/^fallback\.(?!to)/, 'fallback.to', 'HOLDFAST_FALLBACK'],
  [/^snapshot\.(?!path)/, 'snapshot.path', 'HOLDFAST_SNAPSHOT']
]

function useless (options: Options, isSet: (name: string) => boolean): string[] {
  return VARIABLES.flatMap(({ name, option = '' }) => {
    if (!options.has(option)) return []
    return NEEDS.filter(([pattern, needed, variable, value]) => pattern.test(option) && lacks(needed, variable, value))
      .map(([, , ...needed]) => `${name}: does nothing without ${needed.join('=')}`)
  })

  function lacks (needed: string, variable: string, value?: string): boolean {
    // What is set and could not be read may have been meant so.
    if (isSet(variable) && !options.has(needed)) return false
    return value === undefined ? !isSet(variable) : options.get(needed) !== value
  }
}
