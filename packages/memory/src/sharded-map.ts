const SHARDS = 256

/**
 * A map in 256 shards. A single `Map` of a million keys blocks the process for about 100 ms each time it grows or
 * shrinks.
 */
export class ShardedMap<V> {
  readonly #shards = Array.from({ length: SHARDS }, () => new Map<string, V>())
  #size = 0

  get size (): number { return this.#size }

  get (key: string): V | undefined {
    return this.#shard(key).get(key)
  }

  /** The key must not be in the map. */
  add (key: string, value: V): void {
    this.#shard(key).set(key, value)
    this.#size++
  }

  /** The key must be in the map. */
  delete (key: string): void {
    this.#shard(key).delete(key)
    this.#size--
  }

  #shard (key: string): Map<string, V> {
    const end = key.length
    // A key ends with a digest in base64url, whose last character has only 16 possible values.
    const hash = key.charCodeAt(end - 2) ^ key.charCodeAt(end - 3) << 2 ^ key.charCodeAt(end - 4) << 4
    return this.#shards[hash & (SHARDS - 1)] as Map<string, V>
  }
}
