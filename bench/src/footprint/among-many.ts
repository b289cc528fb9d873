import { setTimeout } from 'node:timers/promises'
import { type Backend, Sessions, unsealed } from '@holdfast/core'
import { median, percentile } from '../statistics.js'
import type { Figure } from './figure.js'
import { PER_OWNER, ownerOf } from './fill.js'
import { heap } from './heap.js'
import { randomRecord } from './random-record.js'
import { stallOf } from './stall.js'
import { sweepAll } from './sweep-all.js'

const PAGE = 100
const PAGES = 1000
const EXPIRED = 10_000
const REVOKED = 10
const AT_ONCE = 250

/** What a list, a sweep and a revocation cost in a backend with many records, which {@link fill} made. */
export async function amongMany (backend: Backend, records: number, place: string): Promise<Figure[]> {
  const where = `${place}, among ${records.toLocaleString('en')}`
  await heap()
  await setTimeout(2000) // what it leaves to other threads takes the processors for a while
  return [
    ...await listing(backend, where), ...await sweeping(backend, where), ...await revoking(backend, records, where)
  ]
}

async function listing ({ records }: Backend, where: string): Promise<Figure[]> {
  const took: number[] = []
  let cursor: string | undefined
  do {
    const start = performance.now()
    const page = await records.list({ limit: PAGE, ...(cursor !== undefined && { cursor }) })
    took.push(performance.now() - start)
    cursor = page.cursor
  } while (cursor !== undefined && took.length < PAGES)
  const what = `list, a page of ${PAGE} ${where}`
  return [
    { what: `${what}: median`, value: median(took), unit: 'ms', target: 1.5 },
    { what: `${what}: 99 of 100`, value: percentile(took, 99), unit: 'ms' }
  ]
}

async function sweeping (backend: Backend, where: string): Promise<Figure[]> {
  const sessions = new Sessions({ backend, codec: unsealed }) // sweeping opens nothing
  for (let n = 0; n < EXPIRED; n += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, async () => await randomRecord(backend.records, 1)))
  }
  await setTimeout(2000) // as above; and a backend in memory claims a second late
  const { result, took, stall } = await stallOf(async () => await sweepAll(sessions))
  if (result !== EXPIRED) throw new Error(`${result} expired, not ${EXPIRED}`)
  const what = `sweep of ${EXPIRED.toLocaleString('en')} expired ones ${where}`
  return [
    { what, value: took, unit: 'ms' },
    { what: `${what}: longest pause of the loop`, value: stall, unit: 'ms', target: 10 }
  ]
}

async function revoking ({ records }: Backend, amount: number, where: string): Promise<Figure[]> {
  const took: number[] = []
  const stalls: number[] = []
  for (let owner = 0; owner < Math.min(REVOKED, amount / PER_OWNER); owner++) {
    const revoked = await stallOf(async () => await records.removeOwner(ownerOf(owner)))
    took.push(revoked.took)
    stalls.push(revoked.stall)
    if (revoked.result.length < PER_OWNER) throw new Error(`${revoked.result.length} revoked, not ${PER_OWNER}`)
  }
  if (took.length === 0) return []
  const what = `revoking an owner of ${PER_OWNER.toLocaleString('en')} ${where}`
  return [
    { what: `${what}: median`, value: median(took), unit: 'ms' },
    { what: `${what}: longest pause of the loop`, value: Math.max(...stalls), unit: 'ms', target: 10 }
  ]
}
