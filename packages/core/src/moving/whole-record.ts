import type { Backend, StoredStream } from '../backend.js'
import type { StoredRecord } from '../record.js'

/** A record with its streams, as one backend holds it. */
export interface WholeRecord {
  record: StoredRecord
  streams: StoredStream[]
}

export async function withStreams ({ events }: Backend, records: readonly StoredRecord[]): Promise<WholeRecord[]> {
  const wholes = new Map(records.map(record => [record.key, { record, streams: [] } as WholeRecord]))
  for (const stream of await events.streams([...wholes.keys()])) wholes.get(stream.key)?.streams.push(stream)
  return [...wholes.values()]
}
