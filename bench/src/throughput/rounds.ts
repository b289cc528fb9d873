import { Child } from '../child.js'
import type { ContenderName } from './contenders.js'
import { measureWindow, type Window, type WindowOptions } from './window.js'

export type Results = Map<ContenderName, Window[]>

/** Every contender once per round, each round starting with the next one, so slow changes of the machine meet all alike. */
export async function runRounds (names: ContenderName[], rounds: number, options: WindowOptions, report: (line: string) => void): Promise<Results> {
  const results: Results = new Map(names.map((name) => [name, []]))
  const load = new Child(new URL('load.js', import.meta.url))
  for (let round = 0; round < rounds; round++) {
    for (let n = 0; n < names.length; n++) {
      const name = names[(n + round) % names.length]!
      const window = await measureWindow(name, load, options)
      results.get(name)?.push(window)
      report(`round ${round + 1}/${rounds} ${name}: ${window.cpu.toFixed(1)} µs of CPU, ${Math.round(window.requests / window.seconds)} requests/s`)
    }
  }
  await load.stop()
  return results
}
