import type { NewRecord } from '@holdfast/core'
import { batches } from './batches.js'
import type { Argument } from './client.js'
import { type Entry, entryName } from './entry.js'
import { type Keys, shardOf } from './keys.js'
import type { Link } from './link.js'
import { Reply, toText } from './reply.js'

/** Milliseconds after its deadline at which Redis forgets a record that nobody claimed. */
export const GRACE = 24 * 3_600_000

/** A record on its way in. */
export interface Creation extends Entry {
  record: NewRecord
  maxPerOwner: number
}

interface Wanted {
  creation: Creation
  resolve: (answer: string) => void
  reject: (error: unknown) => void
}

/** Records on their way in: first into the index, then stored. Those of one moment go together. */
export class Creations {
  #wanted: Wanted[] = []

  /** @param register notes that there are records here, where that wants to be known */
  constructor (
    private readonly link: Link,
    private readonly keys: Keys,
    private readonly register: () => Promise<unknown> = async () => {}
  ) {}

  /** What the script says of it. */
  create (creation: Creation): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#wanted.length === 0) process.nextTick(() => { this.#send() })
      this.#wanted.push({ creation, resolve, reject })
    })
  }

  /** What the script says of each, or what it failed with, in their order. */
  async createMany (creations: readonly Creation[]): Promise<unknown[]> {
    const answers = new Map<Creation, unknown>()
    await Promise.all(this.#batches(creations, (creation) => creation).map(async (batch) => {
      const some = await this.#store(batch).catch((error: unknown) => batch.map(() => error))
      for (const [i, creation] of batch.entries()) answers.set(creation, some[i])
    }))
    return creations.map((creation) => answers.get(creation))
  }

  #send (): void {
    const wanted = this.#wanted
    this.#wanted = []
    for (const batch of this.#batches(wanted, ({ creation }) => creation)) {
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
        .map(async (some) => await this.#enter(some))
    ])
    const args: Argument[] = [GRACE]
    for (const { born, record: { owner, idle, absolute, body, origin }, maxPerOwner } of batch) {
      const most = Math.min(maxPerOwner, Number.MAX_SAFE_INTEGER)
      args.push(lines(born, owner, idle, absolute, origin?.createdAt, origin?.usedAt, origin?.version ?? 1, most), body)
    }
    return Reply.of(await this.link.write('create', batch.map(({ key }) => this.keys.record(key)), args)).rest(toText)
  }

  #dueOf ({ key, record: { owner } }: Creation): string {
    const shard = shardOf(key)
    return owner === '' ? this.keys.nobody(shard) : this.keys.due(shard)
  }

  async #enter (some: readonly Creation[]): Promise<void> {
    const args = some.map((creation) => {
      const { record: { idle, absolute, origin } } = creation
      return lines(entryName(creation), idle, absolute, origin?.createdAt, origin?.usedAt)
    })
    await this.link.run('enter', some.map((creation) => this.#dueOf(creation)), [GRACE, ...args])
  }
}

function lines (...facts: Array<string | number | undefined>): string {
  return facts.join('\n')
}
