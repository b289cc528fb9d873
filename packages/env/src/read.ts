import { EnvironmentError } from './environment-error.js'
import { contradictions } from './contradictions.js'
import { unknownNames } from './unknown-names.js'
import type { Variable, Variables } from './variable.js'
import { VARIABLES } from './variables.js'

/** What an environment says. */
interface Reading {
  /** By the path of the option that each sets. */
  options: Map<string, unknown>
  /** The application's own, by its names for them. */
  own: Record<string, unknown>
}

/**
 * Reads all variables, and then reports everything that is wrong with them.
 *
 * @throws EnvironmentError
 */
export function read (environment: NodeJS.ProcessEnv, own: Variables, hasKeys: boolean): Reading {
  const problems: string[] = []
  const valueOf = ({ name, parse, default: fallback }: Variable): unknown => {
    const text = Object.hasOwn(environment, name) ? environment[name] : undefined
    if (text === undefined) return fallback
    try {
      if (text === '') throw new Error('is empty: unset it, or give it a value')
      return parse(text)
    } catch (error) {
      // JSON.parse shows what it reads.
      const isSafe = error instanceof Error && !(error instanceof SyntaxError)
      problems.push(`${name}: ${isSafe ? error.message : 'cannot be read'}`)
    }
  }
  problems.push(...unknownNames(environment, [...VARIABLES, ...Object.values(own)]))
  const ownValues = Object.entries(own).map(([key, variable]) => [key, valueOf(variable)] as const)
  const values = VARIABLES.map(variable => [variable.option as string, valueOf(variable)] as const)
  const options = new Map(values.filter(([, value]) => value !== undefined))
  problems.push(...contradictions(options, environment, hasKeys))
  if (problems.length > 0) throw new EnvironmentError(problems)
  return { options, own: Object.fromEntries(ownValues.filter(([, value]) => value !== undefined)) }
}
