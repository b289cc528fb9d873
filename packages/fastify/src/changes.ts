import type { Backend } from '@holdfast/core'
import { METHODS } from './metrics/observed-backend.js'

/** What changes what a snapshot holds. A use does not: a copy that is a little older loses nothing but that. */
const CHANGING: ReadonlySet<string> = new Set([
  'records.create', 'records.replace', 'records.reseal', 'records.remove', 'records.removeOwner', 'records.release', 'records.claimExpired',
  'events.append', 'events.delivered', 'events.drop', 'events.restore', 'events.reseal'
])

type Method = (...args: unknown[]) => Promise<unknown>

/** A backend that does what another one does, and counts the changes that it has answered. */
export function countingChanges (backend: Backend): { backend: Backend, changes: () => number } {
  let changes = 0
  const count = (): void => { changes++ }
  const counted = <Part extends 'records' | 'events'>(part: Part): Backend[Part] => {
    const target = backend[part] as unknown as Record<string, Method>
    return Object.fromEntries(METHODS[part].map(name => {
      const method: Method = (...args) => (target[name] as Method)(...args)
      if (!CHANGING.has(`${part}.${name}`)) return [name, method]
      return [name, (...args: unknown[]) => {
        const answer = method(...args)
        // A failure is the caller's.
        answer.then(count, () => {})
        return answer
      }]
    })) as unknown as Backend[Part]
  }
  const counting: Backend = {
    records: counted('records'),
    events: counted('events'),
    bus: backend.bus,
    presence: backend.presence,
    // A backend that stands before others may change its mind.
    get shared () { return backend.shared },
    get durable () { return backend.durable },
    ping: async () => { await backend.ping() },
    status: () => backend.status?.() ?? {},
    close: async () => { await backend.close() }
  }
  return { backend: counting, changes: () => changes }
}
