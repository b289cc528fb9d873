const SHARDS = 256

/**
 * A map in shards, because one `Map` of a million keys stops the process for some 100 ms whenever it grows or shrinks.
 */
export class Table<V> {
  readonly #shards = Array.from({ length: SHARDS }, () => new Map<string, V>())
  #size = 0

  get size (): number { return this.#size }

  get (key: string): V | undefined {
    return this.#shard(key).get(key)
  }

  /** For a key that is not in the table. */
  add (key: string, value: V): void {
    this.#shard(key).set(key, value)
    this.#size++
  }

  /** For a key that is in the table. */
  delete (key: string): void {
    this.#shard(key).delete(key)
    this.#size--
  }

  #shard (key: string): Map<string, V> {
    const end = key.length
    // Keys end in a digest, whose very last character says little.
    const hash = key.charCodeAt(end - 2) ^ key.charCodeAt(end - 3) << 2 ^ key.charCodeAt(end - 4) << 4
    return this.#shards[hash & (SHARDS - 1)] as Map<string, V>
  }
}
