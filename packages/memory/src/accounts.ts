import type { LinkedList, ListNode } from './linked-list.js'
import { ShardedMap } from './sharded-map.js'

/** What one owner holds in all partitions. */
export class Account<Stream extends ListNode<Stream>> {
  /** Bytes of the budget that the owner's records and streams take. */
  bytes = 0
  /** The part of {@link bytes} that ended streams take. */
  endedBytes = 0
  /** The owner's ended streams, oldest first. */
  ended: LinkedList<Stream> | undefined
  /** Partitions in which the owner has records. */
  partitions = 0

  constructor (readonly name: string) {}
}

/** The accounts of all owners that have records. */
export class Accounts<Stream extends ListNode<Stream>> {
  readonly #byName = new ShardedMap<Account<Stream>>()

  /** Call it when an owner gets its first record in a partition. Creates the account if there is none. */
  open (name: string): Account<Stream> {
    let account = this.#byName.get(name)
    if (account === undefined) this.#byName.add(name, account = new Account(name))
    account.partitions++
    return account
  }

  /** Call it when an owner loses its last record in a partition. */
  close (account: Account<Stream>): void {
    if (--account.partitions === 0) this.#byName.delete(account.name)
  }
}
