import type { StoredRecord } from '@holdfast/core'
import { RedisError } from './errors.js'

/** Reads what a script answered. Whatever is not as its header says is somebody else's value. */
export class Reply {
  #index = 0

  private constructor (private readonly items: readonly unknown[]) {}

  static of (answer: unknown): Reply {
    if (!Array.isArray(answer)) throw new RedisError('REDIS_FOREIGN')
    return new Reply(answer)
  }

  get done (): boolean { return this.#index >= this.items.length }

  bytes (): Uint8Array {
    return toBytes(this.items[this.#index++])
  }

  text (): string {
    return toText(this.items[this.#index++])
  }

  /** An integer reply, or digits in a string. */
  count (): number {
    return toCount(this.items[this.#index++])
  }

  flag (): boolean {
    return this.count() === 1
  }

  list (): Reply {
    return Reply.of(this.items[this.#index++])
  }

  rest<T> (read: (item: unknown) => T): T[] {
    const rest = this.items.slice(this.#index).map(read)
    this.#index = this.items.length
    return rest
  }
}

export function toBytes (value: unknown): Uint8Array {
  if (!Buffer.isBuffer(value)) throw new RedisError('REDIS_FOREIGN')
  return value
}

export function toText (value: unknown): string {
  return Buffer.from(toBytes(value)).toString()
}

export function toCount (value: unknown): number {
  const count = typeof value === 'number' ? value : Number(toText(value) || NaN)
  if (!Number.isSafeInteger(count) || count < 0) throw new RedisError('REDIS_FOREIGN')
  return count
}

/** A record as the scripts answer it, with the id of the write that made this version. */
export function toRecord (key: string, answer: unknown): { record: StoredRecord, writeId: string } {
  const reply = Reply.of(answer)
  const version = reply.count()
  const writeId = reply.text()
  const owner = reply.text()
  const [createdAt, usedAt, idle, deadline] = [reply.count(), reply.count(), reply.count(), reply.count()]
  return { writeId, record: { key, owner, version, createdAt, usedAt, idle, deadline, body: reply.bytes() } }
}
