// A scenario in a process of its own: node one.js <name> <scale>
import { SCENARIOS } from './scenarios.js'
import type { Outcome } from './run-scenario.js'
import { Trial } from './trial.js'

const [name = '', scale] = process.argv.slice(2)
const scenario = SCENARIOS[name]
if (scenario === undefined) throw new RangeError(`there is no scenario ${name}`)

const trial = new Trial(Number(scale))
const outcome: Outcome = await scenario.run(trial).then(measured => ({ ok: true, measured }), failure)
// At once: what is ended now may take its time.
process.send?.(outcome)
const left = await trial.end().then(() => outcome, failure)
process.send?.(outcome.ok ? left : outcome, () => process.exit())

function failure (error: unknown): Outcome {
  console.error(error)
  return { ok: false, measured: error instanceof Error ? error.message.split('\n', 1)[0] as string : String(error) }
}
