import { flags, selected } from './flags.js'
import { footprintTable, runMeasures } from './footprint/summary.js'
import { machine, watchSteal } from './machine.js'
import { selectedMeasures } from './footprint/measures.js'
import { writeResults } from './results.js'
import { againstTable } from './throughput/against.js'
import { contenderNames } from './throughput/contenders.js'
import { entries } from './throughput/entries.js'
import { modernFigures } from './throughput/modern-figures.js'
import { redisFigures } from './throughput/redis-figures.js'
import { runRounds } from './throughput/rounds.js'
import { throughputTable } from './throughput/summary.js'
import { targetTable } from './throughput/targets.js'

const { only, against, write, rounds, operations, records, ...window } = flags(process.argv.slice(2))
const report = (line: string): void => console.error(line)
const steal = watchSteal()
const results = await runRounds(entries(selected(contenderNames, only), against), rounds, window, report)
const stolen = steal()
const figures = await runMeasures(selectedMeasures(only), { rounds, operations, records }, report)

const sections = [
  `${machine()}. ${rounds} rounds of ${window.seconds} s each, ` +
    `${window.sessions} sessions on ${window.connections} connections.` +
    (stolen === undefined ? '' : ` The host kept ${stolen.toFixed(0)} % of the CPU time to itself meanwhile.`)
]
if (results.size > 0) {
  sections.push('### Throughput', throughputTable(results), ...targetTable(results), ...againstTable(results))
  sections.push('The SDK\'s JSON mode keeps 5.1 KB for every request it has answered ' +
    '(its stream mapping is never deleted), so its SSE mode is the fair reference.')
}
const modern = modernFigures(results)
if (modern.length > 0) sections.push('### Revision 2026-07-28, per call', footprintTable(modern))
const perCall = redisFigures(results)
if (perCall.length > 0) sections.push('### Redis, per call', footprintTable(perCall))
if (figures.length > 0) sections.push('### Footprint, restore, sweep', footprintTable(figures))

const markdown = sections.join('\n\n')
console.log(markdown)
if (write) writeResults(markdown)
