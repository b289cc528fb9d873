import type { StreamRef } from './backend.js'
import type { RecordKey } from './record.js'

/** What a sealed body is bound to: it opens nowhere else. */
export interface Place {
  namespace: string
  /**
   * `'session'`, or `'record:'` and the partition of another kind of record; `'event'`, `'message'` or `'snapshot'`.
   */
  kind: string
  /** Of a record its own, of an event {@link eventPlace}, of anything else `''`. */
  key: RecordKey
}

/**
 * Stands between what Holdfast knows and what a backend stores. Opening throws HOLDFAST_KEY_UNAVAILABLE when
 * the key is not here, which may pass, HOLDFAST_INVALID_STATE when it is and must not be used any more, and
 * anything else when it does not open.
 */
export interface Codec {
  seal (plaintext: Uint8Array, place: Place): Uint8Array | Promise<Uint8Array>
  open (sealed: Uint8Array, place: Place): Uint8Array | Promise<Uint8Array>
  /** The keys, where there are any. */
  readonly keys?: SealingKeys
  /**
   * What the codec leaves readable: `'memory'` is refused for a durable backend and for snapshots, `'everything'` is
   * not. Undefined: it seals. A codec that wraps another one passes this on.
   */
  readonly exposes?: 'memory' | 'everything'
}

/** The keys of a codec, as rotating them needs to know them. */
export interface SealingKeys {
  /** The id of the key that seals. */
  readonly active: string
  /** The id of the key that something was sealed with; undefined for what was not. */
  of (sealed: Uint8Array): string | undefined
  /** Forgets a key that does not seal. */
  drop (id: string): void
}

/**
 * Leaves everything readable. Right for a backend that is neither shared nor durable, and refused where
 * anything outlives the process.
 */
export const plain: Codec = {
  seal: plaintext => plaintext,
  open: sealed => sealed,
  exposes: 'memory'
}

/** Leaves everything readable, wherever it goes. It must be chosen explicitly. */
export const unsealed: Codec = { ...plain, exposes: 'everything' }

/** Names the stream of an event in its {@link Place}. */
export function eventPlace ({ key, name }: StreamRef): string { return `${key}:${name}` }

/** A codec within one namespace. */
export class BoundCodec {
  constructor (private readonly codec: Codec, private readonly namespace: string) {}

  get keys (): SealingKeys | undefined { return this.codec.keys }

  seal (kind: Place['kind'], key: RecordKey, plaintext: Uint8Array): Uint8Array | Promise<Uint8Array> {
    return this.codec.seal(plaintext, { namespace: this.namespace, kind, key })
  }

  open (kind: Place['kind'], key: RecordKey, sealed: Uint8Array): Uint8Array | Promise<Uint8Array> {
    return this.codec.open(sealed, { namespace: this.namespace, kind, key })
  }
}
