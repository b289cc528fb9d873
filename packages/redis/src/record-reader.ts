import type { RecordHead, RecordKey, StoredRecord } from '@holdfast/core'
import { batches } from './batches.js'
import { noRecord } from './errors.js'
import type { Keys } from './keys.js'
import type { Link } from './link.js'
import { ScriptReply, toRecord } from './script-reply.js'

/** Reads many records at once, without those that have expired. */
export class RecordReader {
  constructor (
    private readonly link: Link,
    private readonly keys: Keys,
    private readonly report: (error: Error) => void
  ) {}

  async records (keys: readonly RecordKey[]): Promise<StoredRecord[]> {
    return await this.#read(keys, false)
  }

  /** Reads the records without their bodies. */
  async heads (keys: readonly RecordKey[]): Promise<RecordHead[]> {
    return (await this.#read(keys, true)).map(({ body, ...head }) => head)
  }

  async #read (keys: readonly RecordKey[], bodiless: boolean): Promise<StoredRecord[]> {
    const parts = batches(this.link.client, keys, (key) => this.keys.record(key))
    const pages = await Promise.all(parts.map(async (batch) => {
      const names = batch.map((key) => this.keys.record(key))
      const found = ScriptReply.of(await this.link.run('record-read', names, [bodiless ? 1 : 0]))
      return batch.flatMap((key) => this.#record(key, found.item()) ?? [])
    }))
    return pages.flat()
  }

  #record (key: RecordKey, answer: unknown): StoredRecord | undefined {
    try {
      return answer === null ? undefined : toRecord(key, answer).record
    } catch (error) {
      return noRecord(error, this.report)
    }
  }
}
