import { type Backend, type RecordStore, type StoredRecord, expiresAt, partitionIn } from '@holdfast/core'

/** Gets the duration and the failures of the calls of one operation. */
export interface OperationObserver {
  /** @param seconds that the call took, whether it failed or not */
  took (seconds: number): void
  failed (): void
}

/** Observes the calls of a backend. */
export interface BackendObserver {
  operation (name: string): OperationObserver
  /** A session has ended, `at` milliseconds since the epoch. */
  ended (record: StoredRecord, at: number): void
}

/** The methods of a backend, by part. */
export const METHODS = {
  backend: ['ping'],
  records: [
    'create', 'createMany', 'read', 'touch', 'replace', 'reseal', 'remove', 'removeOwner', 'removed', 'release', 'list',
    'listHeads', 'idlest', 'claimExpired', 'count'
  ],
  events: ['append', 'readAfter', 'delivered', 'drop', 'streams', 'heads', 'importStream', 'reseal'],
  bus: ['publish', 'subscribe'],
  presence: ['announce', 'isPresent', 'list', 'withdraw']
} as const satisfies { backend: ['ping'] } & {
  [Part in 'records' | 'events' | 'bus' | 'presence']: ReadonlyArray<keyof Backend[Part]>
}

/** Methods with the name of their part, such as `records.touch`. */
export const OPERATIONS: readonly string[] = Object.entries(METHODS)
  .flatMap(([part, methods]) => methods.map(method => `${part}.${method}`))

export type ObservedBackend = Backend & Required<Pick<Backend, 'status'>>

type Method = (...args: any[]) => Promise<any>

/**
 * A backend that passes every call on, and reports it to an observer. It reports the end of sessions only, not of
 * records in its partitions.
 */
export function observedBackend (backend: Backend, observer: BackendObserver): ObservedBackend {
  const partitions = new Map<string, Backend>()
  const partition = (name: string): Backend => partitionIn(partitions, name, () => {
    const target = backend.partition(name)
    return observedPart(target, observedRecords(target, observer), observer, partition)
  })
  const records = observedRecords(backend, observer)
  return observedPart(backend, { ...records, ...ending(records, observer) }, observer, partition)
}

/** The backend, or one of its partitions. */
function observedPart (
  backend: Backend, records: RecordStore, observer: BackendObserver, partition: Backend['partition']
): ObservedBackend {
  return {
    records,
    events: observed('events', backend.events, observer) as unknown as Backend['events'],
    bus: observed('bus', backend.bus, observer) as unknown as Backend['bus'],
    presence: observed('presence', backend.presence, observer) as unknown as Backend['presence'],
    ping: observed('backend', backend, observer).ping as Backend['ping'],
    // A backend that routes calls to others may change these values.
    get shared () { return backend.shared },
    get durable () { return backend.durable },
    partition,
    partitions: async () => await backend.partitions(),
    status: () => backend.status?.() ?? {},
    close: async () => await backend.close()
  }
}

function observedRecords ({ records }: Backend, observer: BackendObserver): RecordStore {
  return observed('records', records, observer) as unknown as RecordStore
}

function observed (part: keyof typeof METHODS, target: object, observer: BackendObserver): Record<string, Method> {
  const methods = target as Record<string, Method>
  return Object.fromEntries(METHODS[part].map(name =>
    [name, timed(methods, name, observer.operation(`${part}.${name}`))]))
}

/**
 * Observes the backend's own promise, and returns the same promise. A second promise for each request would cost more
 * than counting.
 */
function timed (target: Record<string, Method>, name: string, operation: OperationObserver): Method {
  return (...args) => {
    const began = performance.now()
    const took = (): void => operation.took((performance.now() - began) / 1000)
    const answer = (target[name] as Method)(...args)
    answer.then(took, () => {
      took()
      operation.failed()
    })
    return answer
  }
}

/** Reports sessions that end. */
function ending (records: RecordStore, { ended }: BackendObserver): Pick<RecordStore, 'remove' | 'claimExpired'> {
  return {
    remove: async key => {
      const removed = await records.remove(key)
      if (typeof removed === 'object') ended(removed, Date.now())
      return removed
    },
    claimExpired: async limit => {
      const claimed = await records.claimExpired(limit)
      for (const record of claimed.records) ended(record, expiresAt(record))
      return claimed
    }
  }
}
