import { type Backend, partitionIn } from '@holdfast/core'
import { METHODS } from './metrics/observed-backend.js'

/**
 * The methods that change the content of a snapshot. A use of a session is not among them: all that an older snapshot
 * loses is the time of that use.
 */
const CHANGING: ReadonlySet<string> = new Set([
  'records.create', 'records.createMany', 'records.replace', 'records.reseal', 'records.remove', 'records.removeOwner',
  'records.release', 'records.claimExpired', 'events.append', 'events.delivered', 'events.drop', 'events.importStream',
  'events.reseal'
])

type Method = (...args: unknown[]) => Promise<unknown>

/** A backend that passes every call on, and counts the changes that succeeded, also those in its partitions. */
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
        // The caller handles a failure.
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
    // A backend that routes calls to others may change these values.
    get shared () { return backend.shared },
    get durable () { return backend.durable },
    partition,
    partitions: async () => await backend.partitions(),
    ping: async () => { await backend.ping() },
    status: () => backend.status?.() ?? {},
    close: async () => { await backend.close() }
  }
}
