import { Envelope, Keyring, generateKey } from '@holdfast/envelope'
import type { Figure } from './figure.js'

const COUNT = 10_000_000
const LENGTH = 32

/** Seals ten million messages and looks for a message id that was used before, by its first 64 bits. */
export async function messageIds (): Promise<Figure[]> {
  const envelope = new Envelope(new Keyring(generateKey('k1')))
  const empty = new Uint8Array(0)
  const sample = await envelope.seal(empty, '')
  // Before the commitment and the tag, which end an empty message.
  const start = sample.length - 16 - 32 - LENGTH
  const ids = new BigUint64Array(COUNT)
  const before = performance.now()
  for (let n = 0; n < COUNT; n++) {
    const sealed = await envelope.seal(empty, '')
    ids[n] = new DataView(sealed.buffer, sealed.byteOffset + start).getBigUint64(0)
  }
  const took = performance.now() - before
  ids.sort()
  let repeated = 0
  for (let n = 1; n < COUNT; n++) if (ids[n] === ids[n - 1]) repeated++
  return [
    { what: `message ids repeated in ${COUNT.toLocaleString('en')} seals`, value: repeated, unit: '', target: 0 },
    { what: 'seal, empty, mean', value: took * 1000 / COUNT, unit: 'µs' }
  ]
}
