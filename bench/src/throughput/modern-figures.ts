import type { Figure } from '../footprint/figure.js'
import type { ContenderName } from './contenders.js'
import { ratioOf } from './ratio.js'
import type { Results } from './rounds.js'

/** CPU of the server per call, ours ÷ theirs: at most so much. */
const targets: Array<{ what: string, ours: ContenderName, theirs: ContenderName, atMost: number }> = [
  shared('5 tools, hoisted', 'modern-shared-5', 'modern-sdk-5', 0.45),
  shared('40 tools, hoisted', 'modern-shared-40', 'modern-sdk-40', 0.35),
  shared('40 tools, schemas built in the factory', 'modern-shared-40-naive', 'modern-sdk-40-naive', 0.12),
  { what: 'bridge ÷ session in memory', ours: 'modern-bridge', theirs: 'holdfast-json', atMost: 1 },
  {
    what: 'shared v2 server ÷ session in memory, 5 tools',
    ours: 'modern-shared-5',
    theirs: 'holdfast-json',
    atMost: 1.2
  },
  {
    what: 'shared v2 server ÷ session in memory, 40 tools',
    ours: 'modern-shared-40',
    theirs: 'holdfast-json',
    atMost: 1.2
  },
  {
    what: 'session in memory, with modern: \'auto\' ÷ without',
    ours: 'modern-legacy',
    theirs: 'holdfast-json',
    atMost: 1.02
  }
]

/** None when `--only` left no pair. */
export function modernFigures (results: Results): Figure[] {
  return targets.flatMap(({ what, ours, theirs, atMost }): Figure[] => {
    // It divides the CPU of its second argument by that of its first.
    const ratio = ratioOf(results.get(theirs), results.get(ours))
    return ratio === undefined ? [] : [{ what: `CPU per call, ${what}`, value: ratio, unit: '×', target: atMost }]
  })
}

function shared (what: string, ours: ContenderName, theirs: ContenderName, atMost: number) {
  return { what: `shared v2 server ÷ SDK handler, ${what}`, ours, theirs, atMost }
}
