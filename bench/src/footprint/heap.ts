import { setImmediate } from 'node:timers/promises'

/** Bytes that are really in use: objects and, in `external`, the buffers beside them. Needs `--expose-gc`. */
export async function heap (): Promise<number> {
  if (globalThis.gc === undefined) throw new Error('Run with --expose-gc')
  for (let n = 0; n < 4; n++) {
    await setImmediate()
    globalThis.gc()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
