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

type Method = (...args: unknown[]) => Promise<unknown>

/** A backend that does what another one does, and tells how. An operation is a method with the name of its part, such as `records.touch`. */
export function observedBackend (backend: Backend, observer: BackendObserver): Backend {
  const part = <T extends object>(name: string, methods: T): T => observed(name, methods, observer)
  const { ping } = part('backend', { ping: async () => await backend.ping() })
  return {
    records: withAges(part('records', backend.records), backend.records, observer),
    events: part('events', backend.events),
    bus: part('bus', backend.bus),
    presence: part('presence', backend.presence),
    shared: backend.shared,
    durable: backend.durable,
    ping,
    close: async () => await backend.close(),
    ...(backend.breaker !== undefined && { breaker: () => (backend.breaker as NonNullable<Backend['breaker']>)() })
  }
}

function observed<T extends object> (part: string, target: T, observer: BackendObserver): T {
  return Object.fromEntries(methodNames(target).map(name => {
    const operation = observer.operation(`${part}.${name}`)
    return [name, name === 'touch' ? timedTouch(target as unknown as RecordStore, operation) : timed(target as Record<string, Method>, name, operation)]
  })) as T
}

function timed (target: Record<string, Method>, name: string, operation: OperationObserver): Method {
  return async (...args) => {
    const began = performance.now()
    try {
      return await (target[name] as Method)(...args)
    } catch (error) {
      operation.failed()
      throw error
    } finally {
      operation.took((performance.now() - began) / 1000)
    }
  }
}

/** {@link timed}, spelled out: every request touches, and this takes half of the time. */
function timedTouch (target: RecordStore, operation: OperationObserver): RecordStore['touch'] {
  return async (key, version) => {
    const began = performance.now()
    try {
      return await target.touch(key, version)
    } catch (error) {
      operation.failed()
      throw error
    } finally {
      operation.took((performance.now() - began) / 1000)
    }
  }
}

/** What a class or an object can be asked, inherited methods included. */
function methodNames (target: object): string[] {
  const names = new Set<string>()
  for (let of = target; of !== Object.prototype; of = Object.getPrototypeOf(of)) {
    for (const name of Object.getOwnPropertyNames(of)) {
      if (name !== 'constructor' && typeof (target as Record<string, unknown>)[name] === 'function') names.add(name)
    }
  }
  return [...names]
}

/** Looks at a record on its way out: afterwards nobody knows how old it was. */
function withAges (observed: RecordStore, own: RecordStore, observer: BackendObserver): RecordStore {
  return {
    ...observed,
    remove: async key => {
      // Asked before, answered before. Without an answer the age is not known, and the removal is what matters.
      const before = own.read(key).catch(() => undefined)
      if (!await observed.remove(key)) return false
      const record = await before
      if (record !== undefined) observer.ended(record, Date.now())
      return true
    },
    claimExpired: async limit => {
      const claimed = await observed.claimExpired(limit)
      for (const record of claimed.records) observer.ended(record, expiresAt(record))
      return claimed
    }
  }
}
