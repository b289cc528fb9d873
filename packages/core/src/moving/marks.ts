import type { RecordKey } from '../record.js'
import type { Change } from './change.js'

/** What a replica lacks of one session. */
export interface Mark {
  /** When the oldest of it happened: `performance.now()`. */
  since: number
  kind: 'used' | 'changed' | 'whole' | 'released' | 'removed'
  /** With which version it was used last. */
  version: number
  streams: Set<string>
}

const ORDER: ReadonlyArray<Mark['kind']> = ['used', 'changed', 'whole', 'released', 'removed']

/** Sessions of which a replica lacks something. */
export class Marks {
  readonly #marks = new Map<RecordKey, Mark>()

  /** @param most sessions that are told apart */
  constructor (private readonly most: number) {}

  get size (): number { return this.#marks.size }

  /** When the oldest was marked; Infinity when there is none. */
  get since (): number {
    let since = Infinity
    for (const mark of this.#marks.values()) since = Math.min(since, mark.since)
    return since
  }

  /** False, and all is forgotten, when there are too many. */
  add (key: RecordKey, change: Change): boolean {
    const mark = this.#marks.get(key)
    if (mark !== undefined) {
      merge(mark, markOf(change, mark.since))
      return true
    }
    if (this.#marks.size >= this.most) {
      this.#marks.clear()
      return false
    }
    this.#marks.set(key, markOf(change, performance.now()))
    return true
  }

  /** Takes out the oldest. */
  take (limit: number): Array<[RecordKey, Mark]> {
    const taken: Array<[RecordKey, Mark]> = []
    for (const entry of this.#marks) {
      if (taken.length === limit) break
      taken.push(entry)
      this.#marks.delete(entry[0])
    }
    return taken
  }

  /** Puts back, behind the others, what was taken. */
  putBack (taken: ReadonlyArray<[RecordKey, Mark]>): void {
    for (const [key, mark] of taken) {
      const later = this.#marks.get(key)
      if (later !== undefined) merge(mark, later)
      this.#marks.delete(key)
      this.#marks.set(key, mark)
    }
  }
}

function markOf (change: Change, since: number): Mark {
  return {
    since,
    kind: change.kind === 'stream' ? 'used' : change.kind,
    version: change.kind === 'used' ? change.version : 0,
    streams: new Set(change.kind === 'stream' ? [change.name] : [])
  }
}

function merge (mark: Mark, later: Mark): void {
  // A key that was let go of may have a record again, of which the replica knows nothing.
  if (mark.kind === 'released' && ORDER.indexOf(later.kind) < ORDER.indexOf('released')) mark.kind = 'whole'
  else if (ORDER.indexOf(later.kind) > ORDER.indexOf(mark.kind)) mark.kind = later.kind
  if (later.version > 0) mark.version = later.version
  for (const name of later.streams) mark.streams.add(name)
}
