import { type Header, readHeader } from './format.js'
import { lines } from './lines.js'
import type { SnapshotReason } from './reasons.js'
import type { SnapshotSource } from './store.js'

/** The first header of the snapshot that is intact, what is wrong when none is, or undefined when there is nothing. */
export async function peek (source: Pick<SnapshotSource, 'read'>): Promise<Header | SnapshotReason | undefined> {
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
