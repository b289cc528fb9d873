import type { Redis } from 'ioredis'
import { Child } from '../child.js'
import { withPath } from '../folder.js'
import { cpuOf, withMeter } from '../redis-usage.js'
import { median } from '../statistics.js'
import type { Figure } from './figure.js'
import type { Volume } from './measures.js'
import { OPERATIONS, type OperationName } from './operation.js'
import type { Cost } from './operations-child.js'
import type { PlaceName } from './places.js'

/** A backend in a process of its own. */
interface Runner {
  place: PlaceName
  child: Child
  /** Asks its Redis. */
  meter?: Redis
  /** Another process that writes to the same file. */
  neighbour?: Child
}

/** Per operation. */
interface Share extends Cost {
  /** µs of Redis. */
  server: number
}

type Costs = Map<PlaceName, Share[]>

const NAMES = Object.keys(OPERATIONS) as OperationName[]

/** Rounds that do not count: a process compiles meanwhile what it runs often. */
const WARMUP = 3

/** What each operation costs, by where the records are. The places take turns, each in a process of its own. */
export async function operations ({ rounds, operations: amount }: Volume): Promise<Figure[]> {
  return await withRunners(async runners => {
    const figures: Figure[] = []
    for (const name of NAMES) {
      const costs: Costs = new Map(runners.map(({ place }) => [place, []]))
      for (let round = -WARMUP; round < rounds; round++) {
        for (let n = 0; n < runners.length; n++) {
          const runner = runners[(n + round + WARMUP) % runners.length]!
          const cost = await run(runner, name, amount)
          if (round >= 0) costs.get(runner.place)?.push(cost)
        }
      }
      figures.push(...figuresOf(name, costs))
    }
    return figures
  })
}

async function run ({ child, meter, neighbour }: Runner, name: OperationName, amount: number): Promise<Share> {
  await neighbour?.ask('disturb')
  const before = meter === undefined ? 0 : await cpuOf(meter)
  const { cpu, syncs } = await child.ask<Cost>('run', { name, amount })
  const after = meter === undefined ? 0 : await cpuOf(meter)
  await neighbour?.ask('calm')
  return { cpu: cpu / amount, syncs: syncs / amount, server: (after - before) / amount }
}

function figuresOf (name: OperationName, costs: Costs): Figure[] {
  const what = `${name}, ${OPERATIONS[name].atOnce} at once`
  const mid = (place: PlaceName, pick: (share: Share) => number): number => median((costs.get(place) ?? []).map(pick))
  const figures = [...costs.keys()].flatMap((place): Figure[] => [
    {
      what: `${what}, ${place}: CPU of our process`,
      value: mid(place, ({ cpu }) => cpu),
      unit: 'µs',
      ...(name === 'touch' && place === 'in a file' && { target: 3 })
    },
    ...(place.startsWith('in Redis')
      ? [{ what: `${what}, ${place}: CPU of Redis`, value: mid(place, ({ server }) => server), unit: 'µs' } as const]
      : []),
    ...(place === 'in a file'
      ? [{
          what: `${what}, ${place}: syncs`,
          value: mid(place, ({ syncs }) => syncs),
          unit: '',
          ...(name === 'replace' && { target: 0.02 })
        } as const]
      : [])
  ])
  return [
    ...figures,
    against(what, costs, 'in a file', name === 'replace' ? 1 : undefined),
    against(what, costs, 'in a file that others write', name === 'touch' ? 0.5 : undefined)
  ]
}

/** Within each round. The CPU time of Redis counts, too. */
function against (what: string, costs: Costs, place: PlaceName, target?: number): Figure {
  const redis = costs.get('in Redis') ?? []
  const ratios = (costs.get(place) ?? []).map(({ cpu }, round) => cpu / (redis[round]!.cpu + redis[round]!.server))
  return {
    what: `${what}: CPU ${place} ÷ in Redis, both processes`,
    value: median(ratios),
    unit: '×',
    ...(target !== undefined && { target })
  }
}

async function withRunners<T> (work: (runners: Runner[]) => Promise<T>): Promise<T> {
  const start = async (place: PlaceName, at: string): Promise<Child> => {
    const child = new Child(new URL('operations-child.js', import.meta.url))
    await child.ask('start', { place, at })
    return child
  }
  return await withPath(async path => await withMeter(async (meter, { url }) => await withMeter(
    async (strict, { url: strictUrl }) => {
      const runners: Runner[] = [
        { place: 'in memory', child: await start('in memory', '') },
        { place: 'in a file', child: await start('in a file', path) },
        {
          place: 'in a file that others write',
          child: await start('in a file that others write', `${path}-shared`),
          neighbour: await start('in a file that others write', `${path}-shared`)
        },
        { place: 'in a file, not synced', child: await start('in a file, not synced', `${path}-unsynced`) },
        { place: 'in Redis', child: await start('in Redis', url), meter },
        { place: 'in Redis, always synced', child: await start('in Redis, always synced', strictUrl), meter: strict }
      ]
      const children = runners.flatMap(({ child, neighbour = [] }) => [child, neighbour].flat())
      try {
        return await work(runners)
      } finally {
        await Promise.all(children.map(async child => { await child.ask('stop').finally(() => child.stop()) }))
      }
    }, ['--appendfsync', 'always']
  )))
}
