import type { NewRecord } from '@holdfast/core'
import { batches } from './batches.js'
import type { Argument } from './client.js'
import { type IndexEntry, entryName } from './index-entry.js'
import { type Keys, shardOf } from './keys.js'
import type { Link } from './link.js'
import { ScriptReply, toText } from './script-reply.js'

/** Milliseconds from the deadline of a record until its key expires in Redis, if no sweep has claimed it. */
export const GRACE = 24 * 3_600_000

/** A record to be created. */
export interface Creation extends IndexEntry {
  record: NewRecord & { body: Buffer }
  maxPerOwner: number
}

interface Waiting {
  creation: Creation
  resolve: (answer: string) => void
  reject: (error: unknown) => void
}

/**
 * Creates records: enters them into the index first, then stores them. Creations of one turn of the event loop are
 * sent together.
 */
export class CreateBatcher {
  #waiting: Waiting[] = []

  /** @param register adds the partition to the list of partitions that have records; does nothing without partition */
  constructor (
    private readonly link: Link,
    private readonly keys: Keys,
    private readonly register: () => Promise<unknown> = async () => {}
  ) {}

  /** Resolves to the answer of the script. */
  create (creation: Creation): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) process.nextTick(() => { this.#send() })
      this.#waiting.push({ creation, resolve, reject })
    })
  }

  /** Resolves to the answer of the script for each creation, in their order, or to the error of the call. */
  async createMany (creations: readonly Creation[]): Promise<unknown[]> {
    const answers = new Map<Creation, unknown>()
    await Promise.all(this.#batches(creations, (creation) => creation).map(async (batch) => {
      const some = await this.#store(batch).catch((error: unknown) => batch.map(() => error))
      for (const [i, creation] of batch.entries()) answers.set(creation, some[i])
    }))
    return creations.map((creation) => answers.get(creation))
  }

  #send (): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const batch of this.#batches(waiting, ({ creation }) => creation)) {
      this.#store(batch.map(({ creation }) => creation)).then(
        (answers) => { for (const [i, { resolve }] of batch.entries()) resolve(answers[i] as string) },
        (error: unknown) => { for (const { reject } of batch) reject(error) }
      )
    }
  }

  #batches<T> (items: readonly T[], creationOf: (item: T) => Creation): T[][] {
    return batches(this.link.client, items, (item) => this.keys.record(creationOf(item).key))
  }

  async #store (batch: readonly Creation[]): Promise<string[]> {
    await Promise.all([
      this.register(),
      ...batches(this.link.client, batch, (creation) => this.#dueOf(creation))
        .map(async (some) => await this.#addToIndex(some))
    ])
    const args: Argument[] = [GRACE]
    for (const { born, record: { owner, idle, absolute, body, origin }, maxPerOwner } of batch) {
      const most = Math.min(maxPerOwner, Number.MAX_SAFE_INTEGER)
      args.push(lines(born, owner, idle, absolute, origin?.createdAt, origin?.usedAt, origin?.version ?? 1, most), body)
    }
    const names = batch.map(({ key }) => this.keys.record(key))
    return ScriptReply.of(await this.link.write('record-create', names, args)).rest(toText)
  }

  #dueOf ({ key, record: { owner } }: Creation): string {
    const shard = shardOf(key)
    return owner === '' ? this.keys.nobody(shard) : this.keys.due(shard)
  }

  async #addToIndex (some: readonly Creation[]): Promise<void> {
    const args = some.map((creation) => {
      const { record: { idle, absolute, origin } } = creation
      return lines(entryName(creation), idle, absolute, origin?.createdAt, origin?.usedAt)
    })
    await this.link.run('index-add', some.map((creation) => this.#dueOf(creation)), [GRACE, ...args])
  }
}

function lines (...facts: Array<string | number | undefined>): string {
  return facts.join('\n')
}
