import type { NewRecord, RecordHead, RecordKey, StoredRecord } from '@holdfast/core'
import type { Chain, Link } from './chain.js'
import { Due } from './due.js'
import { flatten, pack, unpack } from './flat.js'
import type { Ended, Stream } from './stream.js'

/** A record as it is held: one object, linked into its owner's chain and into the expiry wheel. */
export class Entry<Owner extends { readonly name: string }> extends Due implements Link<Entry<Owner>> {
  readonly key: RecordKey
  version: number
  readonly createdAt: number
  usedAt: number
  readonly idle: number
  readonly deadline: number
  body: string
  streams: Map<string, Stream<Entry<Owner>>> | undefined = undefined
  /** Those of them that have ended, the first to end first. */
  ended: Chain<Ended<Stream<Entry<Owner>>>> | undefined = undefined
  previous: Entry<Owner> | undefined = undefined
  next: Entry<Owner> | undefined = undefined
  /** Where its owner's index of last uses has it, where there is one. */
  place = -1

  /** @param number grows with each record, which gives lists their order */
  constructor (record: NewRecord, readonly owner: Owner, readonly number: number, now: number) {
    super()
    const { createdAt, usedAt, version } = record.origin ?? { createdAt: now, usedAt: now, version: 1 }
    this.key = flatten(record.key)
    this.version = version
    this.createdAt = Math.min(createdAt, now)
    this.usedAt = Math.min(usedAt, now)
    this.idle = record.idle
    this.deadline = this.createdAt + record.absolute
    this.body = pack(record.body)
  }

  toRecord (): StoredRecord {
    const { key, owner, version, createdAt, usedAt, idle, deadline, body } = this
    return { key, owner: owner.name, version, createdAt, usedAt, idle, deadline, body: unpack(body) }
  }

  toHead (): RecordHead {
    const { key, owner, version, createdAt, usedAt, idle, deadline } = this
    return { key, owner: owner.name, version, createdAt, usedAt, idle, deadline }
  }
}
