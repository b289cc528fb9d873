import { HoldfastError } from '../errors.js'
import type { SealedStore } from '../sealed-store.js'
import { type SnapshotLines, readHeader } from './format.js'
import { openHeader } from './header.js'
import { lines } from './lines.js'
import type { SnapshotStore } from './store.js'

/**
 * Every sealed part of a snapshot: the key in the header, the bodies of records, the entries of streams. When the
 * header cannot be opened, only the key in the header.
 *
 * @throws HoldfastError HOLDFAST_SNAPSHOT_FAILED
 */
export async function * sealedParts (
  sealedStore: SealedStore, snapshotStore: SnapshotStore
): AsyncGenerator<Uint8Array> {
  let opened: SnapshotLines | undefined
  try {
    for await (const { text } of lines(await snapshotStore.read() ?? [])) {
      if (text === undefined) continue
      if (opened !== undefined) {
        const line = opened.read(text)
        if (typeof line === 'string' || line.kind === 'end') continue
        yield * line.kind === 'record' ? [line.value.body] : [line.value.head, ...line.value.entries]
        continue
      }
      const header = readHeader(text)
      if (typeof header !== 'object') continue
      yield header.mac
      const following = await openHeader(sealedStore, header)
      if (typeof following === 'string') return
      opened = following
    }
  } catch (error) {
    throw new HoldfastError('HOLDFAST_SNAPSHOT_FAILED', undefined, { cause: error })
  }
}
