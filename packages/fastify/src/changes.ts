import { type Backend, partitionIn } from '@holdfast/core'
import { METHODS } from './metrics/observed-backend.js'

/** What changes what a snapshot holds. A use does not: a copy that is a little older loses nothing but that. */
const CHANGING: ReadonlySet<string> = new Set([
  'records.create', 'records.createMany', 'records.replace', 'records.reseal', 'records.remove', 'records.removeOwner', 'records.release', 'records.claimExpired',
  'events.append', 'events.delivered', 'events.drop', 'events.importStream', 'events.reseal'
])

type Method = (...args: unknown[]) => Promise<unknown>

/** A backend that does what another one does, and counts the changes that it has answered, those of its partitions included. */
export function countingChanges (backend: Backend): { backend: Backend, changes: () => number } {
  let changes = 0
  const count = (): void => { changes++ }
  const partitions = new Map<string, Backend>()
  const partition = (name: string): Backend =>
    partitionIn(partitions, name, () => counting(backend.partition(name), count, partition))
  return { backend: counting(backend, count, partition), changes: () => changes }
}

/** The backend, or one of its partitions. */
function counting (backend: Backend, count: () => void, partition: Backend['partition']): Backend {
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
  return {
    records: counted('records'),
    events: counted('events'),
    bus: backend.bus,
    presence: backend.presence,
    // A backend that stands before others may change its mind.
    get shared () { return backend.shared },
    get durable () { return backend.durable },
    partition,
    partitions: async () => await backend.partitions(),
    ping: async () => { await backend.ping() },
    status: () => backend.status?.() ?? {},
    close: async () => { await backend.close() }
  }
}
