import { setImmediate } from 'node:timers/promises'
import type { RecordStore } from './backend.js'
import type { RecordHead, StoredRecord } from './record.js'

interface Query {
  owner?: string
  limit: number
}

interface Page<Item> {
  items: Item[]
  cursor?: string | undefined
}

/** Records that live throughout, page by page: all, or those of an owner. */
export async function * recordPages (records: Pick<RecordStore, 'list'>, query: Query): AsyncGenerator<StoredRecord[]> {
  yield * pages(query, async query => {
    const { records: items, cursor } = await records.list(query)
    return { items, cursor }
  })
}

/** {@link recordPages} without bodies. */
export async function * headPages (
  records: Pick<RecordStore, 'listHeads'>, query: Query
): AsyncGenerator<RecordHead[]> {
  yield * pages(query, async query => {
    const { heads: items, cursor } = await records.listHeads(query)
    return { items, cursor }
  })
}

async function * pages<Item> (
  query: Query, get: (query: Query & { cursor?: string }) => Promise<Page<Item>>
): AsyncGenerator<Item[]> {
  let cursor: string | undefined
  do {
    const page = await get({ ...query, ...(cursor !== undefined && { cursor }) })
    yield page.items
    cursor = page.cursor
    // A backend in memory answers at once, and other work has to go on.
    await setImmediate()
  } while (cursor !== undefined)
}
