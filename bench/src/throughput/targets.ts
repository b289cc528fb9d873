import { table, type Row } from '../table.js'
import type { ContenderName } from './contenders.js'
import { ratioOf } from './ratio.js'
import type { Results } from './rounds.js'

/** Those of `bench/README.md`: requests per CPU second of ours, as a multiple of theirs. */
const targets: Array<{ what: string, ours: ContenderName, theirs: ContenderName, atLeast: number }> = [
  { what: 'JSON mode against the SDK on Fastify', ours: 'holdfast-json', theirs: 'sdk-fastify-json', atLeast: 3 },
  { what: 'JSON mode against the SDK on Express', ours: 'holdfast-json', theirs: 'sdk-express-json', atLeast: 4.5 },
  { what: 'SSE mode against the SDK on Fastify', ours: 'holdfast-sse', theirs: 'sdk-fastify-sse', atLeast: 2 },
  {
    what: 'JSON mode on a file, sealed, against ours in memory, not sealed',
    ours: 'holdfast-sqlite-json',
    theirs: 'holdfast-json',
    atLeast: 0.91
  },
  {
    what: 'JSON mode on Redis, sealed, against the SDK on Fastify in memory',
    ours: 'holdfast-redis-json',
    theirs: 'sdk-fastify-json',
    atLeast: 2.5
  },
  {
    what: 'JSON mode on Redis, sealed, against the SDK on Express in memory',
    ours: 'holdfast-redis-json',
    theirs: 'sdk-express-json',
    atLeast: 4
  }
]

/** None when `--only` left no pair. */
export function targetTable (results: Results): string[] {
  const rows = targets.flatMap(({ what, ours, theirs, atLeast }): Row[] => {
    const ratio = ratioOf(results.get(ours), results.get(theirs))
    return ratio === undefined
      ? []
      : [[what, `${ratio.toFixed(2)}×`, `${atLeast}×`, ratio >= atLeast ? 'yes' : '**no**']]
  })
  return rows.length === 0 ? [] : [table(['Requests per CPU second', 'ratio', 'at least', 'reached'], rows)]
}
