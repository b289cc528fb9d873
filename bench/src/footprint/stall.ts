import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'

/** Milliseconds that the monitor waits on purpose, and counts. */
const RESOLUTION = 1

/** Does something, and says how long it took and for how long the loop stood still at most, in ms. */
export async function stallOf<T> (work: () => Promise<T>): Promise<{ result: T, took: number, stall: number }> {
  // One that was stopped and goes on takes the time between for a pause.
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION })
  delay.enable()
  const start = performance.now()
  const result = await work()
  const took = performance.now() - start
  await setTimeout(10 * RESOLUTION) // the monitor notices a pause when it is over
  delay.disable()
  return { result, took, stall: Math.max(0, delay.max / 1e6 - RESOLUTION) }
}
