import type { Figure } from './figure.js'
import type { Build } from './tool-server.js'

type Measure = () => Promise<Figure[]>

/** What is measured, each in a process of its own, by the name that `--only` takes. Targets are those of `bench/README.md`. */
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
  sweep: async () => await (await import('./sweep.js')).sweep()
} satisfies Record<string, Measure>

export type MeasureName = keyof typeof measures

export const measureNames = Object.keys(measures) as MeasureName[]

function live (build: Build, kibibytes?: number): Measure {
  return async () => await (await import('./live.js')).live(build, kibibytes)
}

function restore (build: Build, whole?: number): Measure {
  return async () => await (await import('./restore.js')).restore(build, { request: 0.3, whole })
}
