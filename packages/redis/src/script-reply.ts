import type { StoredRecord } from '@holdfast/core'
import { RedisError } from './errors.js'

/** Reads the answer of a script. An answer that its header does not allow comes from a value that is not Holdfast's. */
export class ScriptReply {
  #index = 0

  private constructor (private readonly items: readonly unknown[]) {}

  static of (answer: unknown): ScriptReply {
    if (!Array.isArray(answer)) throw new RedisError('REDIS_FOREIGN')
    return new ScriptReply(answer)
  }

  get done (): boolean { return this.#index >= this.items.length }

  item (): unknown {
    return this.items[this.#index++]
  }

  bytes (): Buffer {
    return toBytes(this.item())
  }

  text (): string {
    return toText(this.item())
  }

  /** An integer reply, or digits in a string. */
  count (): number {
    return toCount(this.item())
  }

  flag (): boolean {
    return this.count() === 1
  }

  list (): ScriptReply {
    return ScriptReply.of(this.item())
  }

  rest<T> (read: (item: unknown) => T): T[] {
    const rest = this.items.slice(this.#index).map(read)
    this.#index = this.items.length
    return rest
  }
}

export function toBytes (value: unknown): Buffer {
  if (!Buffer.isBuffer(value)) throw new RedisError('REDIS_FOREIGN')
  return value
}

export function toText (value: unknown): string {
  return toBytes(value).toString()
}

export function toCount (value: unknown): number {
  return typeof value === 'number' ? counted(value) : toNumber(toText(value))
}

/** Reads a record from the answer of a script, with the id of the write that made this version. */
export function toRecord (key: string, answer: unknown): { record: StoredRecord, writeId: string } {
  const reply = ScriptReply.of(answer)
  const [version = '', writeId = '', owner = '', createdAt = '', usedAt = '', idle = '', deadline = ''] = reply.text()
    .split('\n')
  return {
    writeId,
    record: {
      key,
      owner,
      version: toNumber(version),
      createdAt: toNumber(createdAt),
      usedAt: toNumber(usedAt),
      idle: toNumber(idle),
      deadline: toNumber(deadline),
      body: reply.bytes()
    }
  }
}

function toNumber (text: string): number {
  return counted(text === '' ? NaN : Number(text))
}

function counted (count: number): number {
  if (!Number.isSafeInteger(count) || count < 0) throw new RedisError('REDIS_FOREIGN')
  return count
}
