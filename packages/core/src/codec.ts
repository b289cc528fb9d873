import type { RecordKey } from './record.js'

/** What a sealed body is bound to: it opens nowhere else. */
export interface Place {
  namespace: string
  kind: 'session' | 'event' | 'message'
  /** Of a session its record's; of an event that, a colon and the stream's name; of a message `''`. */
  key: RecordKey
}

/** Stands between what Holdfast knows and what a backend stores. Throws when something cannot be opened. */
export interface Codec {
  seal (plaintext: Uint8Array, place: Place): Uint8Array | Promise<Uint8Array>
  open (sealed: Uint8Array, place: Place): Uint8Array | Promise<Uint8Array>
}

/** Leaves everything readable. Right for a backend that is neither shared nor durable. */
export const plain: Codec = {
  seal: plaintext => plaintext,
  open: sealed => sealed
}

/** A codec within one namespace. */
export class BoundCodec {
  constructor (private readonly codec: Codec, private readonly namespace: string) {}

  seal (kind: Place['kind'], key: RecordKey, plaintext: Uint8Array): Uint8Array | Promise<Uint8Array> {
    return this.codec.seal(plaintext, { namespace: this.namespace, kind, key })
  }

  open (kind: Place['kind'], key: RecordKey, sealed: Uint8Array): Uint8Array | Promise<Uint8Array> {
    return this.codec.open(sealed, { namespace: this.namespace, kind, key })
  }
}
