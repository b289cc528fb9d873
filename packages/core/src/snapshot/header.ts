import { isHoldfastError } from '../errors.js'
import type { SealedStore } from '../sealed-store.js'
import { type Header, SnapshotLines, readHeader } from './format.js'
import { lines } from './lines.js'
import type { SnapshotReason } from './reasons.js'
import type { SnapshotSource } from './store.js'

const KEY_SIZE = 32

/**
 * The first intact header of a stored snapshot; what is wrong when there is none; undefined when there is no snapshot.
 */
export async function findHeader (
  source: Pick<SnapshotSource, 'read'>
): Promise<Header | SnapshotReason | undefined> {
  const bytes = await source.read()
  if (bytes === null || bytes === undefined) return undefined
  let found: SnapshotReason | undefined
  for await (const { text } of lines(bytes)) {
    const header = text === undefined ? undefined : readHeader(text)
    if (typeof header === 'object') return header
    found ??= header ?? 'NOT_A_SNAPSHOT'
  }
  return found
}

/**
 * @returns a reader of the lines that follow a header, or what is wrong with the snapshot. A snapshot with an
 *   `UNKNOWN_KEY` waits for its key: it is not restored, but it is not damaged either
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
  // The header's checksum is right, so the key must be wrong, even if its id matches.
  return header.mac.length === KEY_SIZE ? 'NOT_SEALED' : 'UNKNOWN_KEY'
}
