import type { TObject } from 'typebox'
import type { TLocalizedValidationError } from 'typebox/error'
import { Value } from 'typebox/value'
import { InvalidOptionError, isObject, refuseUnset } from '@holdfast/core'
import { ModernSchema } from './eras/modern-schema.js'
import { OptionsSchema } from './options-schema.js'
import { checkEras, modernInWords } from './eras/era-options.js'
import type { HoldfastOptions, ModernOptions } from './options.js'
import { REGISTRATION } from './registration.js'

type Grouped = 'ttl' | 'limits' | 'thresholds' | 'streams' | 'live'
type Optional = 'backend' | 'admin' | 'health' | 'metrics' | 'keys' | 'encryption' | 'snapshot' | 'principal' |
  'authInfo' | 'context' | 'shutdown' | 'modern' | 'allowedHosts' | 'allowedOrigins'

/** Options with every default in place. */
export type Settings = Required<Omit<HoldfastOptions, Optional | Grouped>> &
  Pick<HoldfastOptions, Exclude<Optional, 'shutdown' | 'modern'>> &
  { [Name in Grouped]: Required<NonNullable<HoldfastOptions[Name]>> } &
  { modern?: ModernSettings } &
  { shutdown: { delay?: Shutdown['delay'], timeout: NonNullable<Shutdown['timeout']> } }
type Shutdown = NonNullable<HoldfastOptions['shutdown']>

/** The option `modern`, when it is not `refuse`. */
export type ModernSettings = Required<Omit<ModernOptions, 'per' | 'cache' | 'fallback' | 'sdk'>> &
  Pick<ModernOptions, 'per' | 'cache' | 'fallback' | 'sdk'>

/** Options that had another name or place before the first release, and where they are. */
const MOVED: Readonly<Record<string, string>> = {
  streamAfter: 'streams.after',
  retry: 'streams.retry',
  standaloneRetry: 'streams.standaloneRetry',
  keepAlive: 'streams.keepAlive',
  maxBuffered: 'streams.maxBuffered',
  dormantAfter: 'live.idle',
  factoryTimeout: 'live.startTimeout',
  'limits.maxLive': 'live.max',
  drainDelay: 'shutdown.delay',
  drainTimeout: 'shutdown.timeout'
}

/** @throws InvalidOptionError naming the option and what is wrong with it */
export function checkOptions (given: HoldfastOptions): Settings {
  const options: Record<string, unknown> = { ...given }
  for (const name of REGISTRATION) delete options[name]
  refuseUnset(options, ['keys'])
  const modern = modernInWords(options.modern)
  delete options.modern
  const { modern: _, ...settings } = checked<Settings>(OptionsSchema, options, '')
  const served = modern === undefined ? {} : { modern: checked<ModernSettings>(ModernSchema, modern, 'modern') }
  checkEras(given)
  return { ...settings, ...served }
}

/** @param place the path of what is checked, or nothing */
function checked<T> (schema: TObject, given: Record<string, unknown>, place: string): T {
  const filled = Value.Default(schema, withOwnGroups(given, schema))
  const errors = Value.Errors(schema, filled)
  const [first] = errors
  if (first === undefined) return filled as T
  // The words that are taken say more than the type of a word.
  const error = errors.find(({ keyword, instancePath }) =>
    keyword === 'enum' && instancePath === first.instancePath) ?? first
  const path = [place, ...error.instancePath.split('/').slice(1)].filter(part => part !== '').join('.')
  throw new InvalidOptionError(path || 'options', reason(error, path))
}

/** The defaults go into groups, which are the caller's own objects. */
function withOwnGroups (given: Record<string, unknown>, { properties }: TObject): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => {
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined
    return [name, schema !== undefined && 'properties' in schema && isObject(value) ? { ...value } : value]
  }))
}

function reason (error: TLocalizedValidationError, path: string): string {
  if (error.keyword === 'boolean') {
    const place = Object.hasOwn(MOVED, path) ? MOVED[path] : undefined
    return place === undefined ? 'there is no such option' : `there is no such option: it is ${place} now`
  }
  if (error.keyword === 'enum') return `expected one of ${error.params.allowedValues.join(', ')}`
  return error.message
}
