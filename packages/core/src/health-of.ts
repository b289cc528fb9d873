import { InvalidOptionError } from './errors.js'
import type { Health } from './health.js'

/** The health of several stores: the worst of them, and that of each by its name. */
export interface CommonHealth<Name extends string = string> {
  state: Health['state']
  stores: Record<Name, Health>
}

const STATES = ['healthy', 'degraded', 'unhealthy'] as const

/**
 * Measures the backends of several managers, such as those of several endpoints in one app, at the same time. See
 * `Sessions.health`.
 *
 * @param managers by a name for each, such as `{ notes: notes.mcpSessions, search: search.mcpSessions }`
 * @throws InvalidOptionError when one of them is no manager
 */
export async function healthOf<Name extends string> (
  managers: Record<Name, { health (): Promise<Health> }>
): Promise<CommonHealth<Name>> {
  const names = Object.keys(managers) as Name[]
  for (const name of names) {
    if (typeof managers[name]?.health === 'function') continue
    throw new InvalidOptionError(`healthOf.${name}`, 'expected the `mcpSessions` of an endpoint')
  }
  const healths = await Promise.all(names.map(async name => [name, await managers[name].health()] as const))
  const worst = Math.max(0, ...healths.map(([, { state }]) => STATES.indexOf(state)))
  return { state: STATES[worst] as Health['state'], stores: Object.fromEntries(healths) as Record<Name, Health> }
}
