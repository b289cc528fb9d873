import { median } from '../statistics.js'
import type { Window } from './window.js'

/** How many times the requests per CPU second of theirs are ours: in each round, then the median of the rounds. */
export function ratioOf (ours: Window[] | undefined, theirs: Window[] | undefined): number | undefined {
  return ours && theirs && median(theirs.map(({ cpu }, round) => cpu / ours[round]!.cpu))
}
