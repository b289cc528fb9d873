import { HoldfastError } from '../errors.js'
import type { Sessions } from '../sessions.js'
import { type Chain, readHeader } from './format.js'
import { openHeader } from './header.js'
import { lines } from './lines.js'
import type { SnapshotSink } from './sink.js'

/**
 * Everything in a snapshot that is sealed; of one whose header cannot be opened, what is in the header.
 *
 * @throws HoldfastError HOLDFAST_SNAPSHOT_FAILED
 */
export async function * sealsOf (sessions: Sessions, sink: SnapshotSink): AsyncGenerator<Uint8Array> {
  let chain: Chain | undefined
  try {
    for await (const { text } of lines(await sink.read() ?? [])) {
      if (text === undefined) continue
      if (chain !== undefined) {
        const entry = chain.read(text)
        if (typeof entry === 'string' || entry.kind === 'end') continue
        yield * entry.kind === 'record' ? [entry.value.body] : [entry.value.head, ...entry.value.entries]
        continue
      }
      const header = readHeader(text)
      if (typeof header !== 'object') continue
      yield header.mac
      const opened = await openHeader(sessions, header)
      if (typeof opened === 'string') return
      chain = opened
    }
  } catch (error) {
    throw new HoldfastError('HOLDFAST_SNAPSHOT_FAILED', undefined, { cause: error })
  }
}
