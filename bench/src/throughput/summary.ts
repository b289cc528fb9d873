import { median } from '../statistics.js'
import { number, table, type Row } from '../table.js'
import { contenders, type ContenderName } from './contenders.js'
import type { Results } from './rounds.js'
import type { Window } from './window.js'

const columns = [
  'Server', 'requests/s', 'CPU µs/request', 'min–max', 'requests per CPU second',
  'ours JSON ÷ this', 'ours SSE ÷ this', 'p50 ms', 'p99 ms'
]

export function throughputTable (results: Results): string {
  return table(columns, [...results].map(([name, windows]): Row => {
    const cpus = windows.map(({ cpu }) => cpu)
    return [
      contenders[name].title,
      number(median(windows.map(({ requests, seconds }) => requests / seconds)), 0),
      number(median(cpus), 1),
      `${number(Math.min(...cpus), 1)}–${number(Math.max(...cpus), 1)}`,
      number(1e6 / median(cpus), 0),
      ratio(results.get('holdfast-json'), windows),
      ratio(results.get('holdfast-sse'), windows),
      number(median(windows.map(({ p50 }) => p50)), 2),
      number(median(windows.map(({ p99 }) => p99)), 2)
    ]
  }))
}

/** How many times the requests per CPU second of the other are ours: per round, then the median. */
export function ratio (ours: Window[] | undefined, theirs: Window[]): string {
  if (ours === undefined) return '–'
  return `${number(median(theirs.map(({ cpu }, round) => cpu / ours[round]!.cpu)), 2)}×`
}

export const isContender = (name: string): name is ContenderName => name in contenders
