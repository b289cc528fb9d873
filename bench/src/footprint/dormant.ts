import { Sessions } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import type { Figure } from './figure.js'
import { heap } from './heap.js'
import { typical } from './typical.js'

const COUNT = 100_000
const PER_OWNER = 100

/** Heap of a dormant session, beyond its body. */
export async function dormant (owned: boolean): Promise<Figure[]> {
  const backend = memory()
  const sessions = new Sessions({ backend, limits: { maxSessions: 2 * COUNT } })
  let made = 0
  const create = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      await sessions.create(typical(made, owned ? `user-${Math.floor(made / PER_OWNER)}` : undefined))
      made++
    }
  }
  await create(1000)
  const before = await heap()
  await create(COUNT)
  const after = await heap()
  const body = await meanBody(backend)
  const who = owned ? `${PER_OWNER} per principal` : 'without principals'
  return [
    { what: `body of a dormant session, ${who}`, value: body, unit: 'bytes' },
    {
      what: `dormant session beyond its body, ${who}`,
      value: (after - before) / COUNT - body,
      unit: 'bytes',
      target: 700
    }
  ]
}

async function meanBody (backend: ReturnType<typeof memory>): Promise<number> {
  let bytes = 0
  let count = 0
  let cursor: string | undefined
  do {
    const page = await backend.records.list({ limit: 1000, ...(cursor !== undefined && { cursor }) })
    for (const { body } of page.records) bytes += body.byteLength
    count += page.records.length
    cursor = page.cursor
  } while (cursor !== undefined)
  return bytes / count
}
