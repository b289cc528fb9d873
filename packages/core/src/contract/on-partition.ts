import type { Harness } from './harness.js'

/** A harness for one partition of the same backends: all checks apply to a partition, too. */
export function onPartition (harness: Harness, name = 'contract'): Harness {
  return {
    ...harness,
    async make () {
      const { backend, second, reopen, ...subject } = await harness.make()
      return {
        ...subject,
        backend: backend.partition(name),
        second: (second ?? backend).partition(name),
        ...(reopen !== undefined && { reopen: async () => (await reopen()).partition(name) })
      }
    }
  }
}
