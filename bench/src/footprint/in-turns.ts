import { median } from '../statistics.js'

/** Batches before those that count: a tenth of them. */
const WARM = 0.1

/** µs per call, batch by batch. */
export interface Took {
  wall: number[]
  /** Of the process, with all its threads. */
  cpu: number[]
}

/** Runs batches of calls, one call after the other. The batches of all take turns. */
export async function inTurns<Name extends string> (
  calls: Record<Name, () => unknown>, { batches, batch }: { batches: number, batch: number }
): Promise<Record<Name, Took>> {
  const names = Object.keys(calls) as Name[]
  const took = Object.fromEntries(names.map(name => [name, { wall: [], cpu: [] }])) as unknown as Record<Name, Took>
  for (let n = -Math.ceil(batches * WARM); n < batches; n++) {
    for (const name of names) {
      const { wall, cpu } = await oneBatch(calls[name], batch)
      if (n < 0) continue
      took[name].wall.push(wall)
      took[name].cpu.push(cpu)
    }
  }
  return took
}

/** Of the same turn each, then the median. */
export function turnRatio (ours: readonly number[], theirs: readonly number[]): number {
  return median(ours.map((value, turn) => value / theirs[turn]!))
}

async function oneBatch (call: () => unknown, batch: number): Promise<{ wall: number, cpu: number }> {
  const [start, before] = [performance.now(), process.cpuUsage()]
  for (let n = 0; n < batch; n++) {
    const result = call()
    if (result instanceof Promise) await result
  }
  const { user, system } = process.cpuUsage(before)
  return { wall: (performance.now() - start) * 1_000 / batch, cpu: (user + system) / batch }
}
