import type { Sample, Source } from './registry.js'

/** Asks for a value when it is read; `undefined` is none. */
export function gauge (ask: () => number | undefined | Promise<number | undefined>): Source {
  return {
    async read (): Promise<Sample[]> {
      const value = await ask()
      return value === undefined ? [] : [{ labels: {}, value }]
    }
  }
}
