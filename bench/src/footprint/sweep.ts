import { setImmediate, setTimeout } from 'node:timers/promises'
import { Sessions } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import { median, percentile } from '../statistics.js'
import type { Figure } from './figure.js'
import { heap } from './heap.js'

const COUNT = 1_000_000
const IDLE = 30 * 60_000
const LIMITS = { maxRecords: 2 * COUNT, maxPerOwner: COUNT }
/** Candidates that a tick of the sweeper looks at, its default. */
const TICK = 50

/** How long the loop stands still per tick, and what a touch costs, with a million sessions stored. */
export async function sweep (): Promise<Figure[]> {
  let now = Date.now()
  const backend = memory({ now: () => now, maxBytes: Infinity })
  const { records } = backend
  const sessions = new Sessions({ backend })
  const body = Buffer.alloc(100)
  const keys = Array.from({ length: COUNT }, (_, n) => `t${n}.${n.toString(36).padStart(43, '0')}`)
  const create = async (key: string, idle: number): Promise<void> => {
    const created = await records.create({ key, owner: '', idle, absolute: 48 * IDLE, body }, LIMITS)
    if (created !== 'created') throw new Error(created)
  }
  for (const key of keys) {
    await create(key, IDLE)
    now += 0.01
  }

  const tick = async (expected?: number): Promise<number> => {
    await setImmediate()
    const start = performance.now()
    const { expired } = await sessions.sweep(TICK)
    const took = performance.now() - start
    if (expected !== undefined && expired !== expected) throw new Error(`${expired} expired, not ${expected}`)
    return took
  }

  await heap()
  await setTimeout(2000) // what it leaves to other threads takes the processors for a while
  const nothing: number[] = []
  for (let n = 0; n < 500; n++) nothing.push(await tick(0))

  const some: number[] = []
  for (let n = 0; n < 200; n++) {
    for (let extra = 0; extra < TICK; extra++) await create(`x.${n}-${extra}`, 1000)
    now += 2000
    some.push(await tick(TICK))
  }

  const touches = await touch(records, keys)

  // By now the index knows every session by the time it was created, and all have been used since.
  now += IDLE - 1000
  const alive: number[] = []
  for (let n = 0; n < 2000; n++) alive.push(await tick(0))

  return [
    ...pauses('nothing due', nothing),
    ...pauses(`${TICK} expired`, some),
    ...pauses('all due by the index, all still in use', alive),
    { what: 'touch', value: touches, unit: 'µs', target: 2 }
  ]
}

function pauses (what: string, took: number[]): Figure[] {
  return [
    { what: `sweep tick, ${what}: median`, value: median(took), unit: 'ms', target: 1 },
    { what: `sweep tick, ${what}: 99 of 100`, value: percentile(took, 99), unit: 'ms', target: 1 },
    { what: `sweep tick, ${what}: longest`, value: Math.max(...took), unit: 'ms' }
  ]
}

/** µs per touch: the median over batches of a thousand, which together touch every session once. */
async function touch (records: ReturnType<typeof memory>['records'], keys: string[]): Promise<number> {
  const batches: number[] = []
  for (let first = 0; first < COUNT; first += 1000) {
    // As in a request: a string that was just made, not the one the backend holds, and no neighbours.
    const batch = Array.from({ length: 1000 }, (_, n) => Buffer.from(keys[((first + n) * 7919) % COUNT]!).toString())
    const start = performance.now()
    for (const key of batch) if (await records.touch(key, 1) !== 'current') throw new Error('A session is gone')
    batches.push(performance.now() - start)
  }
  return median(batches)
}
