import type { Harness } from './harness.js'

/** The same backends, each seen through one of its partitions: the checks hold there, too. */
export function onPartition (harness: Harness, name = 'contract'): Harness {
  return {
    ...harness,
    async make () {
      const { backend, second, ...subject } = await harness.make()
      return { ...subject, backend: backend.partition(name), second: (second ?? backend).partition(name) }
    }
  }
}
