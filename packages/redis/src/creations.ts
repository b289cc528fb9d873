import type { NewRecord } from '@holdfast/core'
import { batches } from './batches.js'
import type { Argument } from './client.js'
import { type Entry, entryName } from './entry.js'
import { type Keys, shardOf } from './keys.js'
import type { Link } from './link.js'
import { Reply, toText } from './reply.js'

/** Milliseconds after its deadline at which Redis forgets a record that nobody claimed. */
export const GRACE = 24 * 3_600_000

interface Wanted extends Entry {
  name: string
  shard: number
  record: NewRecord
  maxPerOwner: number
  resolve: (answer: string) => void
  reject: (error: unknown) => void
}

/** Records on their way in: first into the index, then stored. Those of one moment go together. */
export class Creations {
  #wanted: Wanted[] = []

  constructor (private readonly link: Link, private readonly keys: Keys) {}

  /** What the script says of it. */
  create (entry: Entry, record: NewRecord, maxPerOwner: number): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#wanted.length === 0) process.nextTick(() => { this.#send() })
      const { key, born } = entry
      this.#wanted.push({
        key, born, name: entryName(entry), shard: shardOf(key), record, maxPerOwner, resolve, reject
      })
    })
  }

  #send (): void {
    const wanted = this.#wanted
    this.#wanted = []
    for (const batch of batches(this.link.client, wanted, ({ key }) => this.keys.record(key))) {
      this.#store(batch).then(
        (answers) => { for (const [i, { resolve }] of batch.entries()) resolve(answers[i] as string) },
        (error: unknown) => { for (const { reject } of batch) reject(error) }
      )
    }
  }

  async #store (batch: readonly Wanted[]): Promise<string[]> {
    await Promise.all(
      batches(this.link.client, batch, (wanted) => this.#dueOf(wanted)).map(async (some) => await this.#enter(some))
    )
    const args: Argument[] = [GRACE]
    for (const { born, record: { owner, idle, absolute, body, origin }, maxPerOwner } of batch) {
      const most = Math.min(maxPerOwner, Number.MAX_SAFE_INTEGER)
      args.push(lines(born, owner, idle, absolute, origin?.createdAt, origin?.usedAt, origin?.version ?? 1, most), body)
    }
    return Reply.of(await this.link.write('create', batch.map(({ key }) => this.keys.record(key)), args)).rest(toText)
  }

  #dueOf ({ shard, record: { owner } }: Wanted): string {
    return owner === '' ? this.keys.nobody(shard) : this.keys.due(shard)
  }

  async #enter (some: readonly Wanted[]): Promise<void> {
    const args = some.map(
      ({ name, record: { idle, absolute, origin } }) => lines(name, idle, absolute, origin?.createdAt, origin?.usedAt)
    )
    await this.link.run('enter', some.map((wanted) => this.#dueOf(wanted)), [GRACE, ...args])
  }
}

function lines (...facts: Array<string | number | undefined>): string {
  return facts.join('\n')
}
