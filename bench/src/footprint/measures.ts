import { selected } from '../flags.js'
import type { Figure } from './figure.js'
import type { Build } from './tool-server.js'

/** How much a measure does that has flags for it. */
export interface Volume {
  /** Rounds in which every place runs once. */
  rounds: number
  /** Operations of one kind in a round. */
  operations: number
  /** Records of the measure of many. */
  records: number
}

type Measure = (volume: Volume) => Promise<Figure[]>

/**
 * What is measured, each in a process of its own, by the name that `--only` takes. Targets are those of
 * `bench/README.md`.
 */
export const measures = {
  dormant: async () => await (await import('./dormant.js')).dormant(false),
  'dormant-owned': async () => await (await import('./dormant.js')).dormant(true),
  'live-1': live({ tools: 1, style: 'hoisted' }),
  'live-1-naive': live({ tools: 1, style: 'naive' }),
  'live-40': live({ tools: 40, style: 'hoisted' }, 40),
  'live-40-naive': live({ tools: 40, style: 'naive' }),
  'restore-1': restore({ tools: 1, style: 'hoisted' }),
  'restore-1-naive': restore({ tools: 1, style: 'naive' }),
  'restore-40': restore({ tools: 40, style: 'hoisted' }, 0.4),
  'restore-40-naive': restore({ tools: 40, style: 'naive' }),
  metrics: async () => await (await import('./metrics.js')).metrics(),
  seal: async () => await (await import('./seal.js')).seal(),
  'snapshot-100': snapshot(100),
  'snapshot-10000': snapshot(10_000),
  'snapshot-100000': snapshot(100_000, { export: 3_000, restore: 3_000, growth: 64 }),
  'redis-admin': async () => await (await import('./redis-admin.js')).redisAdmin(),
  'message-ids': async () => await (await import('./message-ids.js')).messageIds(),
  sweep: async () => await (await import('./sweep.js')).sweep(),
  'redis-touch': async () => await (await import('./redis-touch.js')).redisTouch(),
  'redis-snapshot': async () => await (await import('./redis-snapshot.js')).redisSnapshot(100_000, {
    export: 4_000, restore: 4_000
  }),
  'redis-sweep': async () => await (await import('./redis-sweep.js')).redisSweep(),
  'redis-append': async () => await (await import('./redis-append.js')).redisAppend(),
  operations: async volume => await (await import('./operations.js')).operations(volume),
  'sqlite-snapshot': async ({ records }) =>
    await (await import('./sqlite-snapshot.js')).sqliteSnapshot(Math.min(records, 100_000)),
  'many-records': async ({ records }) => await (await import('./many-records.js')).manyRecords(records),
  'redis-evict': async () => await (await import('./redis-evict.js')).redisEvict(),
  'state-batch': async () => await (await import('./state-batch.js')).stateBatch(),
  endings: async () => await (await import('./endings.js')).endings(),
  foreign: async () => await (await import('./foreign.js')).foreign(),
  'modern-call': async ({ operations }) => await (await import('./modern-call.js')).modernCall(operations),
  'modern-state': async ({ operations }) => await (await import('./modern-state.js')).modernState(operations),
  'modern-trips': async () => await (await import('./modern-trips.js')).modernTrips(),
  migration: async () => await (await import('./migration.js')).migration(100_000, 10_000)
} as const satisfies Record<string, Measure>

export type MeasureName = keyof typeof measures

/** Take minutes, so they run only when `--only` names them. */
const ON_DEMAND: MeasureName[] = ['message-ids', 'many-records']

export function selectedMeasures (only: readonly string[] | undefined): MeasureName[] {
  const names = Object.keys(measures) as MeasureName[]
  return selected(names, only).filter(name => only?.includes(name) === true || !ON_DEMAND.includes(name))
}

function snapshot (count: number, targets?: { export: number, restore: number, growth: number }): Measure {
  return async () => await (await import('./snapshot.js')).snapshot(count, targets)
}

function live (build: Build, kibibytes?: number): Measure {
  return async () => await (await import('./live.js')).live(build, kibibytes)
}

function restore (build: Build, whole?: number): Measure {
  return async () => await (await import('./restore.js')).restore(build, { request: 0.3, whole })
}
