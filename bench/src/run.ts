import { parseArgs } from 'node:util'
import { machine } from './machine.js'
import { contenders, type ContenderName } from './throughput/contenders.js'
import { runRounds } from './throughput/rounds.js'
import { isContender, throughputTable } from './throughput/summary.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    warmup: { type: 'string', default: '2' },
    sessions: { type: 'string', default: '100' },
    connections: { type: 'string', default: '20' },
    only: { type: 'string' },
    part: { type: 'string' },
    write: { type: 'boolean', default: false }
  }
})
const names = values.only?.split(',') ?? Object.keys(contenders)
const results = await runRounds(names.filter(isContender), Number(values.rounds), {
  seconds: Number(values.seconds), warmup: Number(values.warmup),
  sessions: Number(values.sessions), connections: Number(values.connections), serverArgv: []
}, (line) => console.error(line))
console.log(machine())
console.log(throughputTable(results))
