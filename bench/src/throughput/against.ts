import { footprintTable } from '../footprint/summary.js'
import type { Figure } from '../footprint/figure.js'
import { median } from '../statistics.js'
import { type ContenderName, contenderNames } from './contenders.js'
import { otherKey } from './entries.js'
import type { Results } from './rounds.js'
import type { Window } from './window.js'

/** What two runs of the same program differ by. */
const NOISE = 1.03

/** Sessions must not pay for the clients without sessions. */
const SESSIONS: Partial<Record<ContenderName, number>> = { 'holdfast-json': 1.02, 'holdfast-sse': 1.02 }

/** Ours against those of another checkout, round by round; none without `--against`. */
export function againstTable (results: Results): string[] {
  const figures = contenderNames.flatMap((name): Figure[] => {
    const [ours, theirs] = [results.get(name), results.get(otherKey(name))]
    if (ours === undefined || theirs === undefined) return []
    const what = `${name} ÷ that of the other checkout`
    const cpu: Figure = {
      what: `${what}: CPU per request`,
      value: ratio(ours, theirs, ({ cpu }) => cpu),
      unit: '×',
      target: SESSIONS[name] ?? NOISE
    }
    if (ours[0]?.redis === undefined) return [cpu]
    const scripts: Figure = {
      what: `${what}: time in scripts of Redis`, value: ratio(ours, theirs, ({ redis }) => redis!.scripts), unit: '×'
    }
    return [cpu, scripts]
  })
  return figures.length === 0 ? [] : [footprintTable(figures)]
}

function ratio (ours: Window[], theirs: Window[], pick: (window: Window) => number): number {
  return median(ours.map((window, round) => pick(window) / pick(theirs[round]!)))
}
