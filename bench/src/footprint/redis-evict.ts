import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { type Backend, type Principal, Sessions, ownerDigest, recordKey, unsealed } from '@holdfast/core'
import { redis } from '@holdfast/redis'
import { usageSince, withMeter } from '../redis-usage.js'
import type { Figure } from './figure.js'

const NAMESPACE = 'mcp'
const OWN = 1_000
const BODY = 38 * 1024
const TIMES = 20
const AT_ONCE = 50
const MINUTE = 60_000

/** What an owner at its cap makes Redis send for each new session: where an idle one gives way, and where none does. */
export async function redisEvict (): Promise<Figure[]> {
  return await withMeter(async (meter, { url }) => {
    const backend = redis({ url, commandTimeout: 10_000 })
    const sessions = new Sessions({
      backend, codec: unsealed, namespace: NAMESPACE, limits: { maxPerOwner: OWN, evict: 'idle' }
    })
    const figures: Figure[] = []
    for (const [subject, unused, outcome] of [
      ['idle', 5 * MINUTE, 'an idle one gives way'], ['busy', 0, 'refused, none is idle']
    ] as const) {
      const principal = { subject }
      await fill(backend, principal, unused)
      const output = await asked(meter, sessions, principal, unused > 0)
      const what =
        `a new session of an owner with ${OWN.toLocaleString('en')} of ${BODY / 1024} KiB in Redis, ${outcome}`
      figures.push(
        { what: `${what}: from Redis per record of the owner`, value: output / OWN, unit: 'bytes', target: 200 },
        { what: `${what}: from Redis`, value: output / 1024, unit: 'KiB' }
      )
    }
    await backend.close()
    return figures
  })
}

/** Sessions that nobody has used for so many milliseconds. */
async function fill ({ records }: Backend, principal: Principal, unused: number): Promise<void> {
  const owner = ownerDigest(NAMESPACE, principal)
  const usedAt = Date.now() - unused
  for (let n = 0; n < OWN; n += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      const key = recordKey(NAMESPACE, owner, randomBytes(32).toString('base64url'))
      const record = {
        key,
        owner,
        idle: 30 * MINUTE,
        absolute: 60 * MINUTE,
        body: randomBytes(BODY),
        origin: { createdAt: usedAt, usedAt, version: 1 }
      }
      const created = await records.create(record, { maxRecords: 1e9, maxPerOwner: OWN })
      if (created !== 'created') throw new Error(created)
    }))
  }
}

/** Bytes from Redis for each session that is asked for. */
async function asked (meter: Redis, sessions: Sessions, principal: Principal, admitted: boolean): Promise<number> {
  const usage = await usageSince(meter)
  for (let n = 0; n < TIMES; n++) {
    const begun = await sessions.create({ principal }).then(() => true, error => {
      if (error.code === 'HOLDFAST_LIMIT_REACHED') return false
      throw error
    })
    if (begun !== admitted) throw new Error(`a session was ${begun ? 'admitted' : 'refused'}`)
  }
  return (await usage()).output / TIMES
}
