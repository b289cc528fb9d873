import type { Chain, Link } from './chain.js'
import { Table } from './table.js'

/** What one owner holds, in all partitions. */
export class Account<Stream extends Link<Stream>> {
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
export class Accounts<Stream extends Link<Stream>> {
  readonly #byName = new Table<Account<Stream>>()

  /** For one partition more. */
  open (name: string): Account<Stream> {
    let account = this.#byName.get(name)
    if (account === undefined) this.#byName.add(name, account = new Account(name))
    account.partitions++
    return account
  }

  /** For one partition less. */
  close (account: Account<Stream>): void {
    if (--account.partitions === 0) this.#byName.delete(account.name)
  }
}
