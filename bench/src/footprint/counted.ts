import type { Backend } from '@holdfast/core'

/** Calls of the contract that are round trips, but for the sweeper's, which no request makes. */
const PARTS = ['records', 'events', 'bus', 'presence'] as const
const SWEEPS = 'claimExpired'

/** A backend that counts how often it is called, in its partitions too. */
export class Counted {
  calls = 0

  over (backend: Backend): Backend {
    const parts = Object.fromEntries(PARTS.map(part => [part, this.#counting(backend[part])]))
    return { ...backend, ...parts, partition: name => this.over(backend.partition(name)) }
  }

  #counting<Part extends object> (part: Part): Part {
    return new Proxy(part, {
      get: (target, name) => (...args: unknown[]) => {
        if (name !== SWEEPS) this.calls++
        return (Reflect.get(target, name) as (...args: unknown[]) => unknown).apply(target, args)
      }
    })
  }
}
