import { stat } from 'node:fs/promises'
import type { Backend } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import { redis } from '@holdfast/redis'
import { sqlite } from '@holdfast/sqlite'
import { withPath } from '../folder.js'
import { withRedis } from '../redis.js'
import { amongMany } from './among-many.js'
import type { Figure } from './figure.js'
import { fill } from './fill.js'
import { kill } from './kill.js'

/** What many records cost in a file, and beside it in memory and in Redis. */
export async function manyRecords (amount: number): Promise<Figure[]> {
  return [...await inFile(amount), ...await inMemory(amount), ...await inRedis(amount)]
}

async function inFile (amount: number): Promise<Figure[]> {
  return await withPath(async path => {
    const open = (): Backend => sqlite({ path, maxBytes: Infinity })
    const filled = open()
    await fill(filled.records, amount)
    await filled.close()
    const { size } = await stat(path)
    const backend = open()
    const figures = await amongMany(backend, amount, 'in a file')
    await backend.close()
    const where = `a file of ${amount.toLocaleString('en')}`
    return [
      { what: `${where}: size per record, with bodies of 900 bytes`, value: size / amount, unit: 'bytes' },
      ...figures,
      ...await kill(path, where)
    ]
  })
}

async function inMemory (amount: number): Promise<Figure[]> {
  const backend = memory({ maxBytes: Infinity })
  await fill(backend.records, amount)
  const figures = await amongMany(backend, amount, 'in memory')
  await backend.close()
  return figures
}

async function inRedis (amount: number): Promise<Figure[]> {
  return await withRedis(async ({ url }) => {
    const backend = redis({ url, commandTimeout: 30_000 })
    await fill(backend.records, amount)
    const figures = await amongMany(backend, amount, 'in Redis')
    await backend.close()
    return figures
  })
}
