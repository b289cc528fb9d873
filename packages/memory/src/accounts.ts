import type { Chain } from './chain.js'
import type { Stream } from './stream.js'
import { Table } from './table.js'

/** What one owner holds, in all partitions. */
export class Account {
  /** Of the room, what the owner's records and streams take. */
  bytes = 0
  /** Of that, what those streams take that have ended, the oldest first. */
  endedBytes = 0
  ended: Chain<Stream> | undefined
  /** Partitions in which the owner has records. */
  partitions = 0

  constructor (readonly name: string) {}
}

/** The accounts of owners who have records. */
export class Accounts {
  readonly #byName = new Table<Account>()

  /** For one partition more. */
  open (name: string): Account {
    let account = this.#byName.get(name)
    if (account === undefined) this.#byName.add(name, account = new Account(name))
    account.partitions++
    return account
  }

  /** For one partition less. */
  close (account: Account): void {
    if (--account.partitions === 0) this.#byName.delete(account.name)
  }
}
