import type { Sample, Source } from './registry.js'

/** Calls `ask` for its value when it is read. It has no value while `ask` returns `undefined`. */
export function gauge (ask: () => number | undefined | Promise<number | undefined>): Source {
  return {
    async read (): Promise<Sample[]> {
      const value = await ask()
      return value === undefined ? [] : [{ labels: {}, value }]
    }
  }
}
