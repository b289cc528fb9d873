import type { StreamRef } from './backend.js'
import type { RecordKey } from './record.js'

/** The place to which a sealed body is bound: the body opens nowhere else. */
export interface Place {
  namespace: string
  /**
   * `'session'`, or `'record:'` and the partition of another kind of record; `'event'`, `'message'`, `'snapshot'` or
   * `'state'`.
   */
  kind: string
  /** For a record its key, for an event {@link eventPlace}, for a state its request, otherwise `''`. */
  key: RecordKey
}

/**
 * Seals bytes before a backend stores them, and opens them again. `open` throws HOLDFAST_KEY_UNAVAILABLE when the key
 * is missing, which may be temporary; HOLDFAST_INVALID_STATE when the key is revoked; and any other error when the
 * bytes cannot be opened.
 */
export interface Codec {
  seal (plaintext: Uint8Array, place: Place): Uint8Array | Promise<Uint8Array>
  open (sealed: Uint8Array, place: Place): Uint8Array | Promise<Uint8Array>
  /** The keys; absent when the codec has none. */
  readonly keys?: SealingKeys
  /**
   * Where the codec leaves bytes readable. A durable backend and snapshots refuse `'memory'`; `'everything'` is allowed
   * everywhere. Undefined: the codec seals. A codec that wraps another one must pass this member on.
   */
  readonly exposes?: 'memory' | 'everything'
}

/** The keys of a codec, as far as key rotation needs them. */
export interface SealingKeys {
  /** The id of the key that seals. */
  readonly active: string
  /** The id of the key that sealed these bytes; undefined when they are not sealed. */
  of (sealed: Uint8Array): string | undefined
  /** Forgets a key that is not the active one. */
  drop (id: string): void
}

/**
 * Leaves everything readable. For a backend that is neither shared nor durable. Refused for everything that outlives
 * the process.
 */
export const plain: Codec = {
  seal: plaintext => plaintext,
  open: sealed => sealed,
  exposes: 'memory'
}

/** Leaves everything readable, in every backend and in snapshots. It must be chosen explicitly. */
export const unsealed: Codec = { ...plain, exposes: 'everything' }

/** The key of the {@link Place} of an event: it names the event's stream. */
export function eventPlace ({ key, name }: StreamRef): string { return `${key}:${name}` }

/** A codec that binds everything to one namespace. */
export class BoundCodec {
  constructor (private readonly codec: Codec, private readonly namespace: string) {}

  get keys (): SealingKeys | undefined { return this.codec.keys }
  get exposes (): Codec['exposes'] { return this.codec.exposes }

  seal (kind: Place['kind'], key: RecordKey, plaintext: Uint8Array): Uint8Array | Promise<Uint8Array> {
    return this.codec.seal(plaintext, { namespace: this.namespace, kind, key })
  }

  open (kind: Place['kind'], key: RecordKey, sealed: Uint8Array): Uint8Array | Promise<Uint8Array> {
    return this.codec.open(sealed, { namespace: this.namespace, kind, key })
  }
}
