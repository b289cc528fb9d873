import { ownerTag, type RecordKey } from '@holdfast/core'

/** Shards of the index: enough to spread it over a Cluster. */
export const SHARDS = 64

/**
 * The names of keys in Redis. All keys of a record, and all keys of an owner, have the same `{tag}`, so they are in one
 * slot. Some scripts derive one of these names from another.
 */
export class Keys {
  constructor (readonly prefix: string, private readonly tagOf: (owner: string) => string = ownerTag) {}

  /** The names in a partition: the same, with the partition's own prefix. */
  of (partition: string): Keys { return new Keys(`${this.prefix}${partition}:`, this.tagOf) }

  record (key: RecordKey): string { return this.#of(key, 'r') }
  tombstone (key: RecordKey): string { return this.#of(key, 't') }
  streams (key: RecordKey): string { return this.#of(key, 'e') }

  owner (owner: string): string { return `${this.#home(this.tagOf(owner))}o:${owner}` }
  uses (owner: string): string { return `${this.#home(this.tagOf(owner))}u:${owner}` }
  ownerTag (owner: string): string { return this.tagOf(owner) }

  due (shard: number): string { return `${this.prefix}{x${shard}}:due` }
  nobody (shard: number): string { return `${this.prefix}{x${shard}}:nobody` }
  all (shard: number): string { return `${this.prefix}{x${shard}}:all` }
  get partitions (): string { return `${this.prefix}partitions` }
  get replicas (): string { return `${this.prefix}replicas` }
  channel (name: string): string { return `${this.prefix}bus:${name}` }

  #of (key: RecordKey, kind: string): string { return `${this.#home(tag(key))}${kind}:${digest(key)}` }
  #home (tag: string): string { return `${this.prefix}{${tag}}:` }
}

function tag (key: RecordKey): string {
  return key.slice(0, key.indexOf('.'))
}

function digest (key: RecordKey): string {
  return key.slice(key.indexOf('.') + 1)
}

export function shardOf (key: RecordKey): number {
  let hash = 0
  for (let i = 0; i < key.length; i++) hash = (hash * 31 + key.charCodeAt(i)) >>> 0
  return hash % SHARDS
}
