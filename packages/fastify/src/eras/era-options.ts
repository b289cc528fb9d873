import { InvalidOptionError, isObject } from '@holdfast/core'
import { cacheHints } from '@holdfast/modern'
import type { HoldfastOptions, ModernOptions } from '../options.js'

/** Options of `modern` that only one kind of server has. */
const OF_BRIDGE = ['parkTimeout', 'maxParked', 'maxParkedPerOwner'] as const
const OF_FUNCTION = ['requestState', 'fallback', 'sdk'] as const

/**
 * The option `modern` as the object that it stands for; undefined for `refuse`.
 *
 * @throws InvalidOptionError for another word, and for what is no object
 */
export function modernInWords (given: unknown): Record<string, unknown> | undefined {
  if (given === undefined || given === 'refuse') return undefined
  if (given === 'auto') return {}
  if (isObject(given)) return given
  throw new InvalidOptionError('modern', 'expected "refuse", "auto" or an object')
}

/**
 * Refuses what does not go together.
 *
 * @param given as the application gave it, without defaults, and with the right types
 * @throws InvalidOptionError
 */
export function checkEras ({ modern, legacy }: Pick<HoldfastOptions, 'modern' | 'legacy'>): void {
  if (!isObject(modern)) {
    if (legacy !== 'off' || modern === 'auto') return
    throw new InvalidOptionError('legacy', 'cannot be "off" while modern is "refuse": nobody would be served')
  }
  checkServer(modern)
  try {
    cacheHints(modern.cache ?? {})
  } catch (error) {
    const { path, message } = error as InvalidOptionError
    throw new InvalidOptionError(`modern.${path}`, message.slice(path.length + 2))
  }
}

function checkServer (modern: ModernOptions): void {
  const { server = 'bridge', per } = modern
  const isBridge = server === 'bridge'
  const wrong = (isBridge ? OF_FUNCTION : OF_BRIDGE).find(name => modern[name] !== undefined)
  if (wrong !== undefined) {
    const expected = isBridge ? 'a function' : '"bridge"'
    throw new InvalidOptionError(`modern.${wrong}`, `modern.server must be ${expected} for it`)
  }
  if (per !== undefined && isBridge === (typeof per === 'function')) {
    const expected = isBridge ? '"principal" or "replica"' : 'a function'
    throw new InvalidOptionError('modern.per', `expected ${expected}, because of modern.server`)
  }
}
