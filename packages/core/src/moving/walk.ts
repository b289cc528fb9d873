import { setImmediate } from 'node:timers/promises'
import type { Backend } from '../backend.js'
import type { StoredRecord } from '../record.js'
import type { Copy } from './bring.js'

/** Every record that lives throughout, page by page. */
export async function * pages ({ records }: Backend, limit: number): AsyncGenerator<StoredRecord[]> {
  let cursor: string | undefined
  do {
    const page = await records.list({ limit, ...(cursor !== undefined && { cursor }) })
    yield page.records
    cursor = page.cursor
    // A backend in memory answers at once, and other work has to go on.
    await setImmediate()
  } while (cursor !== undefined)
}

/** Records with their streams. */
export async function withStreams ({ events }: Backend, records: readonly StoredRecord[]): Promise<Copy[]> {
  const copies = new Map(records.map(record => [record.key, { record, streams: [] } as Copy]))
  for (const stream of await events.streams([...copies.keys()])) copies.get(stream.key)?.streams.push(stream)
  return [...copies.values()]
}
