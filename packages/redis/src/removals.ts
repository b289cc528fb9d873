import type { RecordKey, StoredRecord } from '@holdfast/core'
import type { Departure, Departures } from './departures.js'
import { noRecord } from './errors.js'
import type { Keys } from './keys.js'
import type { Link } from './link.js'
import { Reply, toRecord, toText } from './reply.js'
import type { Stamps } from './stamps.js'
import { sweep } from './sweep.js'
import { newWriteId } from './write-id.js'

/** What became of a record that was to be removed. `'unseen'`: it is removed, and nothing says any more what it was. */
export type Removal = StoredRecord | 'unseen' | 'foreign' | undefined

/** Records on their way out. */
export class Removals {
  constructor (
    private readonly link: Link,
    private readonly keys: Keys,
    private readonly stamps: Stamps,
    private readonly departures: Departures,
    private readonly report: (error: Error) => void
  ) {}

  /**
   * @param keys as many as one run of a script takes
   * @param whole whether the records are wanted; without, all are unseen
   * @returns what became of each
   */
  async remove (keys: readonly RecordKey[], whole: boolean): Promise<Removal[]> {
    const names = keys.map((key) => this.keys.record(key))
    const answers = Reply.of(await this.link.write('remove', names, [newWriteId(), whole ? 1 : 0])).rest((item) => item)
    const gone: Departure[] = []
    const removals = keys.map((key, i) => {
      this.stamps.forget(key)
      const answer = answers[i]
      if (answer === null) return undefined
      if (answer === 0) return 'foreign'
      const [lines, ...record] = Array.isArray(answer) ? answer : [answer]
      const [born = '', tombstone] = toText(lines).split('\n')
      gone.push({ key, born, tombstone: Number(tombstone) })
      return record.length === 0 ? 'unseen' : this.#seen(key, record)
    })
    await Promise.all([this.departures.leave(gone), this.sweep(answers.slice(keys.length))])
    return removals
  }

  /** It is removed in any case. A field that is not ours is reported. */
  #seen (key: RecordKey, record: unknown[]): StoredRecord | 'unseen' {
    try {
      return toRecord(key, record).record
    } catch (error) {
      return noRecord(error, this.report) ?? 'unseen'
    }
  }

  /** Deletes what a script left. */
  async sweep (left: readonly unknown[]): Promise<void> {
    await sweep(this.link, left).catch(this.report)
  }
}
