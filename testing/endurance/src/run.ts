// node run.js [--volume <share>] [scenario…]: tries the promises; the last line is "N passed, N failed".
import { constants } from 'node:os'
import { parseArgs } from 'node:util'
import { endScenario, runScenario } from './run-scenario.js'
import { SCENARIOS } from './scenarios.js'

const { values, positionals } = parseArgs({
  args: process.argv.slice(2), allowPositionals: true, options: { volume: { type: 'string', default: '1' } }
})
const scale = Number(values.volume)
const names = positionals.length > 0 ? positionals : Object.keys(SCENARIOS)
const unknown = names.filter(name => SCENARIOS[name] === undefined)
if (!(scale > 0 && scale <= 1) || unknown.length > 0) {
  console.error(`usage: npm run test:endurance -- [--volume <share of 1>] [${Object.keys(SCENARIOS).join(' | ')}]…`)
  process.exit(2)
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    endScenario()
    process.exit(128 + constants.signals[signal])
  })
}

const rows = []
for (const name of names) {
  const scenario = SCENARIOS[name] as (typeof SCENARIOS)[string]
  const share = scale < 1 ? `, at ${scale} of the volume` : ''
  console.log(`\n→ ${name}: ${scenario.promise}\n  ${scenario.figures}${share}`)
  const { ok, measured, seconds } = await runScenario(name, scenario, scale)
  rows.push({ name, ok, measured, seconds, promise: scenario.promise, figures: scenario.figures })
  console.log(`${ok ? '✓' : '✗'} ${name}: ${measured}`)
}

const failed = rows.filter(({ ok }) => !ok).length
console.log(`\n${scale < 1 ? `At ${scale} of the full volume` : 'At full volume'}:`)
for (const { name, ok, measured, seconds, promise, figures } of rows) {
  console.log(`\n${ok ? 'ok    ' : 'FAILED'} ${name}, ${seconds.toFixed(0)} s
       promised: ${promise}\n       tried: ${figures}\n       found: ${measured}`)
}
console.log(`\n${rows.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
