import type { Capability, ContractCheck } from './harness.js'
import { Trial } from './trial.js'

/** Turns a table of named bodies into checks, each with a subject of its own. */
export function group (
  name: string,
  bodies: Record<string, (trial: Trial) => Promise<void>>,
  needs: readonly Capability[] = []
): ContractCheck[] {
  return Object.entries(bodies).map(([rule, body]) => ({
    group: name,
    name: rule,
    needs,
    async run (harness) {
      const trial = new Trial(harness, await harness.make())
      try {
        await body(trial)
      } finally {
        await trial.close()
      }
    }
  }))
}
