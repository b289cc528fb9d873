import { isHoldfastError } from '../errors.js'
import type { SealedStore } from '../sealed-store.js'
import { type Header, SnapshotLines } from './format.js'
import type { SnapshotReason } from './reasons.js'

const KEY_SIZE = 32

/**
 * @returns what reads the lines that follow a header, or what is wrong with it. A snapshot of an `UNKNOWN_KEY` waits
 *   for its key: it is neither restored nor damaged
 */
export async function openHeader (
  { namespace, codec }: SealedStore, header: Header | SnapshotReason
): Promise<SnapshotLines | SnapshotReason> {
  if (typeof header === 'string') return header
  if (header.namespace !== namespace) return 'OTHER_NAMESPACE'
  try {
    const key = await codec.open('snapshot', '', header.mac)
    if (key.length === KEY_SIZE) return new SnapshotLines(key)
  } catch (error) {
    if (isHoldfastError(error, 'HOLDFAST_INVALID_STATE')) return 'REVOKED_KEY'
  }
  // It is intact, so what does not fit is the key, even one with the right id.
  return header.mac.length === KEY_SIZE ? 'NOT_SEALED' : 'UNKNOWN_KEY'
}
