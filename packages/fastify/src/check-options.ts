import type { TLocalizedValidationError } from 'typebox/error'
import { Value } from 'typebox/value'
import { InvalidOptionError, isObject, refuseUnset } from '@holdfast/core'
import { OptionsSchema } from './options-schema.js'
import type { HoldfastOptions } from './options.js'
import { REGISTRATION } from './registration.js'

type Grouped = 'ttl' | 'limits' | 'thresholds' | 'streams' | 'live'
type Optional = 'backend' | 'admin' | 'health' | 'metrics' | 'keys' | 'encryption' | 'snapshot' | 'principal' |
  'authInfo' | 'context' | 'shutdown' | 'allowedHosts' | 'allowedOrigins'

/** Options with every default in place. */
export type Settings = Required<Omit<HoldfastOptions, Optional | Grouped>> &
  Pick<HoldfastOptions, Exclude<Optional, 'shutdown'>> &
  { [Name in Grouped]: Required<NonNullable<HoldfastOptions[Name]>> } &
  { shutdown: { delay?: Shutdown['delay'], timeout: NonNullable<Shutdown['timeout']> } }
type Shutdown = NonNullable<HoldfastOptions['shutdown']>

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
  // The defaults go into groups, which are the caller's own objects.
  for (const [name, schema] of Object.entries(OptionsSchema.properties)) {
    const value = options[name]
    if ('properties' in schema && isObject(value)) options[name] = { ...value }
  }
  const filled = Value.Default(OptionsSchema, options)
  const [error] = Value.Errors(OptionsSchema, filled)
  if (error !== undefined) {
    const path = error.instancePath.slice(1).replaceAll('/', '.')
    throw new InvalidOptionError(path || 'options', reason(error, path))
  }
  return filled as Settings
}

function reason (error: TLocalizedValidationError, path: string): string {
  if (error.keyword === 'boolean') {
    const place = Object.hasOwn(MOVED, path) ? MOVED[path] : undefined
    return place === undefined ? 'there is no such option' : `there is no such option: it is ${place} now`
  }
  if (error.keyword === 'enum') return `expected one of ${error.params.allowedValues.join(', ')}`
  return error.message
}
