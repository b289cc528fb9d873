import { EnvironmentError, type FromEnv, fromEnv } from '@holdfast/env'
import { OWN } from './variables.js'

/** What the environment says. */
export type Settings = FromEnv<typeof OWN>

/**
 * Reads the variables of this server and those of Holdfast.
 *
 * @throws EnvironmentError a value is wrong or empty, a `HOLDFAST_*` variable is unknown, or two do not go together
 */
export function readEnvironment (environment: NodeJS.ProcessEnv): Settings {
  const settings = fromEnv(environment, OWN)
  const { adminToken, demoTokens = [], metrics } = settings.own
  const problems = []
  if (demoTokens.some(({ token }) => token === adminToken)) {
    problems.push('HOLDFAST_ADMIN_TOKEN: is a token of a tenant as well')
  }
  if (settings.options.metrics !== undefined && metrics === undefined) {
    problems.push('HOLDFAST_METRICS_PATH: does nothing without HOLDFAST_METRICS')
  }
  if (problems.length > 0) throw new EnvironmentError(problems)
  return settings
}
