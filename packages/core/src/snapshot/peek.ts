import { type Header, readHeader } from './format.js'
import { lines } from './lines.js'
import type { SnapshotSink } from './sink.js'

/** The header of the snapshot that is there, what is wrong with it, or undefined when there is none. */
export async function peek (sink: SnapshotSink): Promise<Header | string | undefined> {
  const bytes = await sink.read()
  if (bytes === null || bytes === undefined) return undefined
  for await (const { text } of lines(bytes)) return text === undefined ? 'too long' : readHeader(text)
  return undefined
}
