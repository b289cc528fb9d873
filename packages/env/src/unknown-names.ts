import { OTHER_NAMES } from './other-names.js'
import type { Variable } from './variable.js'

/** Variables that only the command line reads. One environment may serve both. */
const OF_THE_COMMAND_LINE = ['HOLDFAST_KEYS_MODULE']

/**
 * What is wrong with the names in an environment: a `HOLDFAST_*` variable that nobody reads, one of ours in another
 * spelling, and two names for one thing.
 */
export function unknownNames (environment: NodeJS.ProcessEnv, variables: readonly Variable[]): string[] {
  const known = new Set([...variables.map(({ name }) => name), ...OF_THE_COMMAND_LINE])
  const isSet = (name: string): boolean => environment[name] !== undefined
  return Object.keys(environment).filter(isSet).flatMap(name => {
    if (known.has(name)) return []
    const capitals = name.toUpperCase().replace(/[-.]/g, '_')
    if (capitals !== name && isOurs(capitals) && known.has(capitals)) {
      return isSet(capitals) ? [`${name}: sets ${capitals} a second time`] : [`${name}: is written ${capitals}`]
    }
    const ours = Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name] as string : undefined
    if (ours !== undefined && isSet(ours)) return [`${name}: is another name for ${ours}, which is set as well`]
    if (!capitals.startsWith('HOLDFAST_')) return []
    return [`${name}: ${ours === undefined ? 'is not a variable of this server' : `is called ${ours}`}`]
  })
}

/** Names such as `host` and `port` belong to everybody. */
function isOurs (name: string): boolean {
  return name.startsWith('HOLDFAST_') || name === 'REDIS_URL'
}
