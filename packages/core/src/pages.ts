import { setImmediate } from 'node:timers/promises'
import type { RecordStore } from './backend.js'
import type { RecordHead, StoredRecord } from './record.js'

interface PageQuery {
  owner?: string
  limit: number
}

interface ItemPage<Item> {
  items: Item[]
  cursor?: string | undefined
}

/** The records of one owner or of all, page by page. See {@link RecordStore.list}. */
export async function * recordPages (
  records: Pick<RecordStore, 'list'>, query: PageQuery
): AsyncGenerator<StoredRecord[]> {
  yield * pages(query, async query => {
    const { records: items, cursor } = await records.list(query)
    return { items, cursor }
  })
}

/** {@link recordPages} without bodies. */
export async function * headPages (
  records: Pick<RecordStore, 'listHeads'>, query: PageQuery
): AsyncGenerator<RecordHead[]> {
  yield * pages(query, async query => {
    const { heads: items, cursor } = await records.listHeads(query)
    return { items, cursor }
  })
}

async function * pages<Item> (
  query: PageQuery, get: (query: PageQuery & { cursor?: string }) => Promise<ItemPage<Item>>
): AsyncGenerator<Item[]> {
  let cursor: string | undefined
  do {
    const page = await get({ ...query, ...(cursor !== undefined && { cursor }) })
    yield page.items
    cursor = page.cursor
    // Lets other work go on, because a backend in memory answers at once.
    await setImmediate()
  } while (cursor !== undefined)
}
