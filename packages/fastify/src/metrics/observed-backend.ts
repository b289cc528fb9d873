import { type Backend, type RecordStore, type StoredRecord, expiresAt } from '@holdfast/core'

/** Hears what became of the calls of one operation. */
export interface OperationObserver {
  /** @param seconds that the call took, whether it failed or not */
  took (seconds: number): void
  failed (): void
}

/** Hears what became of the calls of a backend. */
export interface BackendObserver {
  operation (name: string): OperationObserver
  /** A session has ended, `at` milliseconds since the epoch. */
  ended (record: StoredRecord, at: number): void
}

/** What a backend can be asked, by part. */
export const METHODS = {
  backend: ['ping'],
  records: ['create', 'read', 'touch', 'replace', 'reseal', 'remove', 'removeOwner', 'removed', 'release', 'list', 'idlest', 'claimExpired', 'count'],
  events: ['append', 'readAfter', 'delivered', 'drop', 'streams', 'restore', 'reseal'],
  bus: ['publish', 'subscribe'],
  presence: ['announce', 'isPresent', 'list', 'withdraw']
} as const satisfies { backend: ['ping'] } & { [Part in 'records' | 'events' | 'bus' | 'presence']: ReadonlyArray<keyof Backend[Part]> }

/** Methods with the name of their part, such as `records.touch`. */
export const OPERATIONS: readonly string[] = Object.entries(METHODS).flatMap(([part, methods]) => methods.map(method => `${part}.${method}`))

export type ObservedBackend = Backend & Required<Pick<Backend, 'status'>>

type Method = (...args: any[]) => Promise<any>

/** A backend that does what another one does, and tells how. */
export function observedBackend (backend: Backend, observer: BackendObserver): ObservedBackend {
  const observed = (part: keyof typeof METHODS, target: object): Record<string, Method> =>
    Object.fromEntries(METHODS[part].map(name => [name, timed(target as Record<string, Method>, name, observer.operation(`${part}.${name}`))]))
  const records = observed('records', backend.records) as unknown as RecordStore
  return {
    records: { ...records, ...ending(backend.records, records, observer) },
    events: observed('events', backend.events) as unknown as Backend['events'],
    bus: observed('bus', backend.bus) as unknown as Backend['bus'],
    presence: observed('presence', backend.presence) as unknown as Backend['presence'],
    ping: observed('backend', backend).ping as Backend['ping'],
    // A backend that stands before others may change its mind.
    get shared () { return backend.shared },
    get durable () { return backend.durable },
    status: () => backend.status?.() ?? {},
    close: async () => await backend.close()
  }
}

/** Listens beside the caller, who gets the very promise of the backend: another one for each request would cost more than counting. */
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

/** Looks at a record on its way out: afterwards nobody knows how old it was. */
function ending (own: RecordStore, observed: RecordStore, { ended }: BackendObserver): Pick<RecordStore, 'remove' | 'claimExpired'> {
  return {
    remove: async key => {
      // Asked before, answered before. Without an answer the age is not known, and the removal is what matters.
      const before = own.read(key).catch(() => undefined)
      if (!await observed.remove(key)) return false
      const record = await before
      if (record !== undefined) ended(record, Date.now())
      return true
    },
    claimExpired: async limit => {
      const claimed = await observed.claimExpired(limit)
      for (const record of claimed.records) ended(record, expiresAt(record))
      return claimed
    }
  }
}
