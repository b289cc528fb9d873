import type { Figure } from '../footprint/figure.js'
import { median } from '../statistics.js'
import type { ContenderName } from './contenders.js'
import type { Traffic } from './redis-traffic.js'
import type { Results } from './rounds.js'

/** What a call costs beside the server's own work: traffic with Redis, and the CPU time of talking to it. */
export function redisFigures (results: Results): Figure[] {
  return [
    ...traffic(results, 'holdfast-redis-json', 'JSON mode', { sent: 1, bytes: 200 }),
    ...traffic(results, 'holdfast-redis-sse', 'SSE mode', { scripts: 32 }),
    ...life(results),
    ...share(results, 'holdfast-redis-json', 'holdfast-json', 'JSON mode, sealed, beyond the same in memory', 10),
    ...share(results, 'holdfast-redis-plain', 'holdfast-json', 'JSON mode, not sealed, beyond the same in memory', 10),
    ...share(results, 'holdfast-redis-sse', 'holdfast-sse', 'SSE mode, sealed, beyond the same in memory, not sealed')
  ]
}

function traffic (
  results: Results,
  name: ContenderName,
  mode: string,
  most: { sent?: number, scripts?: number, bytes?: number } = {}
): Figure[] {
  const windows = results.get(name)?.flatMap(({ redis }) => redis ?? []) ?? []
  if (windows.length === 0) return []
  // Two digits: the heartbeat of the replica comes on top of the calls.
  const mid = (pick: (traffic: Traffic) => number): number => Number(median(windows.map(pick)).toFixed(2))
  return [
    { what: `${mode}: round trips to Redis per call`, value: mid(({ sent }) => sent), unit: '', ...at(most.sent) },
    {
      what: `${mode}: commands that Redis runs per call, those of scripts included`,
      value: mid(({ ran }) => ran),
      unit: ''
    },
    {
      what: `${mode}: time in scripts of Redis per call`,
      value: mid(({ scripts }) => scripts),
      unit: 'µs',
      ...at(most.scripts)
    },
    { what: `${mode}: to Redis per call`, value: mid(({ input }) => input), unit: 'bytes', ...at(most.bytes) },
    { what: `${mode}: from Redis per call`, value: mid(({ output }) => output), unit: 'bytes', ...at(most.bytes) }
  ]
}

/** Commands that a stream adds to a call, which is touched in both modes. */
function life (results: Results): Figure[] {
  const ran = (name: ContenderName): number => median(results.get(name)?.flatMap(({ redis }) => redis?.ran ?? []) ?? [])
  const value = Number((ran('holdfast-redis-sse') - ran('holdfast-redis-json')).toFixed(2))
  if (Number.isNaN(value)) return []
  const what = 'SSE mode: commands of the life of a stream, beyond those of a call in JSON mode'
  return [{ what, value, unit: '', target: 8 }]
}

/** Differences are taken within a round, like ratios. */
function share (results: Results, name: ContenderName, base: ContenderName, what: string, most?: number): Figure[] {
  const windows = results.get(name)
  const without = results.get(base)
  if (windows === undefined || without === undefined) return []
  const value = median(windows.map(({ cpu }, round) => cpu - without[round]!.cpu))
  return [{ what: `CPU per call, ${what}`, value, unit: 'µs', ...at(most) }]
}

function at (most: number | undefined): { target?: number } {
  return most === undefined ? {} : { target: most }
}
