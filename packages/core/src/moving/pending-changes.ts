import type { RecordKey } from '../record.js'
import type { Change } from './change.js'

/** What a copy lacks of one record. */
export interface Mark {
  /** When the oldest of it happened: `performance.now()`. */
  since: number
  kind: 'used' | 'changed' | 'whole' | 'released' | 'removed'
  /** With which version it was used last. */
  version: number
  streams: Set<string>
}

const ORDER: ReadonlyArray<Mark['kind']> = ['used', 'changed', 'whole', 'released', 'removed']

/** Which record of which partition. */
export interface Marked {
  /** Its name, or `ROOT`. */
  partition: string
  key: RecordKey
  mark: Mark
}

/** Records of which a copy lacks something. */
export class Marks {
  /** By the partition and the key. */
  readonly #marks = new Map<string, Marked>()

  /** @param most records that are told apart */
  constructor (private readonly most: number) {}

  get size (): number { return this.#marks.size }

  /** When the oldest was marked; Infinity when there is none. */
  get since (): number {
    let since = Infinity
    for (const { mark } of this.#marks.values()) since = Math.min(since, mark.since)
    return since
  }

  /** False, and all is forgotten, when there are too many. */
  add (partition: string, key: RecordKey, change: Change): boolean {
    const name = nameOf(partition, key)
    const known = this.#marks.get(name)
    if (known !== undefined) {
      merge(known.mark, markOf(change, known.mark.since))
      return true
    }
    if (this.#marks.size >= this.most) {
      this.#marks.clear()
      return false
    }
    this.#marks.set(name, { partition, key, mark: markOf(change, performance.now()) })
    return true
  }

  /** Takes out the oldest. */
  take (limit: number): Marked[] {
    const taken: Marked[] = []
    for (const [name, marked] of this.#marks) {
      if (taken.length === limit) break
      taken.push(marked)
      this.#marks.delete(name)
    }
    return taken
  }

  /** Puts back, behind the others, what was taken. */
  putBack (taken: readonly Marked[]): void {
    for (const marked of taken) {
      const name = nameOf(marked.partition, marked.key)
      const later = this.#marks.get(name)
      if (later !== undefined) merge(marked.mark, later.mark)
      this.#marks.delete(name)
      this.#marks.set(name, marked)
    }
  }
}

/** No partition has a colon in its name. */
function nameOf (partition: string, key: RecordKey): string {
  return `${partition}:${key}`
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
  // A key that was let go of may have a record again, of which the copy knows nothing.
  if (mark.kind === 'released' && ORDER.indexOf(later.kind) < ORDER.indexOf('released')) mark.kind = 'whole'
  else if (ORDER.indexOf(later.kind) > ORDER.indexOf(mark.kind)) mark.kind = later.kind
  if (later.version > 0) mark.version = later.version
  for (const name of later.streams) mark.streams.add(name)
}
