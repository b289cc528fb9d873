import { HoldfastError } from '../errors.js'
import type { SealedStore } from '../sealed-store.js'
import { type SnapshotLines, readHeader } from './format.js'
import { openHeader } from './header.js'
import { lines } from './lines.js'
import type { SnapshotStore } from './store.js'

/**
 * Everything in a snapshot that is sealed; of one whose header cannot be opened, what is in the header.
 *
 * @throws HoldfastError HOLDFAST_SNAPSHOT_FAILED
 */
export async function * sealsOf (store: SealedStore, sink: SnapshotStore): AsyncGenerator<Uint8Array> {
  let opened: SnapshotLines | undefined
  try {
    for await (const { text } of lines(await sink.read() ?? [])) {
      if (text === undefined) continue
      if (opened !== undefined) {
        const entry = opened.read(text)
        if (typeof entry === 'string' || entry.kind === 'end') continue
        yield * entry.kind === 'record' ? [entry.value.body] : [entry.value.head, ...entry.value.entries]
        continue
      }
      const header = readHeader(text)
      if (typeof header !== 'object') continue
      yield header.mac
      const following = await openHeader(store, header)
      if (typeof following === 'string') return
      opened = following
    }
  } catch (error) {
    throw new HoldfastError('HOLDFAST_SNAPSHOT_FAILED', undefined, { cause: error })
  }
}
