import { Child } from '../child.js'
import type { Entry } from './entries.js'
import { measureWindow, type Window, type WindowOptions } from './window.js'

/** By the key of each entry. */
export type Results = Map<string, Window[]>

/** Every entry once per round, each round starting with the next one, so slow changes of the machine meet all alike. */
export async function runRounds (
  entries: Entry[],
  rounds: number,
  options: WindowOptions,
  report: (line: string) => void
): Promise<Results> {
  const results: Results = new Map(entries.map(({ key }) => [key, []]))
  const load = new Child(new URL('load.js', import.meta.url))
  for (let round = 0; round < rounds; round++) {
    for (let n = 0; n < entries.length; n++) {
      const entry = entries[(n + round) % entries.length]!
      const window = await measureWindow(entry, load, options)
      results.get(entry.key)?.push(window)
      const rate = Math.round(window.requests / window.seconds)
      report(`round ${round + 1}/${rounds} ${entry.key}: ${window.cpu.toFixed(1)} µs of CPU, ${rate} requests/s`)
    }
  }
  await load.stop()
  return results
}
