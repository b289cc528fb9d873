import type { RecordKey, StoredRecord } from '@holdfast/core'
import { noRecord } from './errors.js'
import type { RemovedEntry, IndexEntries } from './index-entries.js'
import type { Keys } from './keys.js'
import type { KnownWrites } from './known-writes.js'
import type { Link } from './link.js'
import { ScriptReply, toRecord, toText } from './script-reply.js'
import { unlinkLists } from './unlink-lists.js'
import { newWriteId } from './write-id.js'

/** The outcome of a removal. `'unseen'`: the record is removed, but its content is not known. */
export type Removal = StoredRecord | 'unseen' | 'foreign' | undefined

/** Removes records with their streams and index entries. */
export class RecordRemover {
  constructor (
    private readonly link: Link,
    private readonly keys: Keys,
    private readonly knownWrites: KnownWrites,
    private readonly indexEntries: IndexEntries,
    private readonly report: (error: Error) => void
  ) {}

  /**
   * @param keys at most as many as one run of a script takes
   * @param whole whether to return the removed records; otherwise all are `'unseen'`
   * @returns the outcome for each key
   */
  async remove (keys: readonly RecordKey[], whole: boolean): Promise<Removal[]> {
    const names = keys.map((key) => this.keys.record(key))
    const reply = ScriptReply.of(await this.link.write('record-remove', names, [newWriteId(), whole ? 1 : 0]))
    const answers = reply.rest((item) => item)
    const gone: RemovedEntry[] = []
    const removals = keys.map((key, i) => {
      this.knownWrites.forget(key)
      const answer = answers[i]
      if (answer === null) return undefined
      if (answer === 0) return 'foreign'
      const [lines, ...record] = Array.isArray(answer) ? answer : [answer]
      const [born = '', tombstone] = toText(lines).split('\n')
      gone.push({ key, born, tombstone: Number(tombstone) })
      return record.length === 0 ? 'unseen' : this.#seen(key, record)
    })
    await Promise.all([this.indexEntries.remove(gone), this.unlinkLists(answers.slice(keys.length))])
    return removals
  }

  /** The record is removed in any case. A field that Holdfast did not write is reported. */
  #seen (key: RecordKey, record: unknown[]): StoredRecord | 'unseen' {
    try {
      return toRecord(key, record).record
    } catch (error) {
      return noRecord(error, this.report) ?? 'unseen'
    }
  }

  /** Deletes the lists that a script left. */
  async unlinkLists (left: readonly unknown[]): Promise<void> {
    await unlinkLists(this.link, left).catch(this.report)
  }
}
