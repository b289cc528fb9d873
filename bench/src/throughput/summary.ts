import { median } from '../statistics.js'
import { number, table, type Row } from '../table.js'
import { titleOf } from './entries.js'
import { ratioOf } from './ratio.js'
import type { Results } from './rounds.js'
import type { Window } from './window.js'

const columns = [
  'Server', 'requests/s', 'CPU µs/request', 'min–max', 'requests per CPU second',
  'ours JSON ÷ this', 'ours SSE ÷ this', 'p50 ms', 'p99 ms'
]

/** Medians over the rounds. */
export function throughputTable (results: Results): string {
  return table(columns, [...results].map(([key, windows]): Row => {
    const cpus = windows.map(({ cpu }) => cpu)
    const mid = (pick: (window: Window) => number): number => median(windows.map(pick))
    const ratio = (ours: Window[] | undefined): string => ratioOf(ours, windows)?.toFixed(2).concat('×') ?? '–'
    return [
      titleOf(key),
      number(mid(({ requests, seconds }) => requests / seconds), 0),
      number(median(cpus), 1),
      `${number(Math.min(...cpus), 1)}–${number(Math.max(...cpus), 1)}`,
      number(1e6 / median(cpus), 0),
      ratio(results.get('holdfast-json')),
      ratio(results.get('holdfast-sse')),
      number(mid(({ p50 }) => p50), 2),
      number(mid(({ p99 }) => p99), 2)
    ]
  }))
}
