import type { NewRecord, RecordHead, RecordKey, StoredRecord } from '@holdfast/core'
import type { LinkedList, ListNode } from './linked-list.js'
import { flatten, pack, unpack } from './packed.js'
import { RingNode } from './ring-node.js'
import type { EndedNode, Stream } from './stream.js'

/** A record as memory holds it: one object, which is a node of its owner's list and of the expiry wheel. */
export class RecordEntry<Owner extends { readonly name: string }>
  extends RingNode implements ListNode<RecordEntry<Owner>> {
  readonly key: RecordKey
  version: number
  readonly createdAt: number
  usedAt: number
  readonly idle: number
  readonly deadline: number
  body: string
  streams: Map<string, Stream<RecordEntry<Owner>>> | undefined = undefined
  /** The ended streams, in the order in which they ended. */
  ended: LinkedList<EndedNode<Stream<RecordEntry<Owner>>>> | undefined = undefined
  previous: RecordEntry<Owner> | undefined = undefined
  next: RecordEntry<Owner> | undefined = undefined
  /** Its index in the owner's {@link LastUseHeap}; -1 when it is in none. */
  heapIndex = -1

  /** @param number grows with each record; lists are in this order */
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
