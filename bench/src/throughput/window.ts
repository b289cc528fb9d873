import type { RedisServer } from '@holdfast/real-redis'
import { Child } from '../child.js'
import { withRedis } from '../redis.js'
import type { Contender } from './contender.js'
import { contenders } from './contenders.js'
import type { Entry } from './entries.js'
import type { Extent, Load, Target } from './load.js'
import { type Traffic, TrafficMeter } from './redis-traffic.js'

export interface WindowOptions {
  sessions: number
  connections: number
  /** Calls before the window: the same number for all, because the slower ones need as many to be compiled. */
  warmup: number
  /** Length of the window. */
  seconds: number
  /** Directory for CPU profiles of the servers. */
  profiles: string | undefined
}

/** What one contender did in one round. */
export interface Window extends Load {
  /** CPU time of the server's process per request, in µs. */
  cpu: number
  /** Per request. */
  redis?: Traffic
}

/**
 * A fresh server, and a fresh Redis if it needs one, warmed up and then measured. Anything but a right answer to every
 * call rejects.
 */
export async function measureWindow (entry: Entry, load: Child, options: WindowOptions): Promise<Window> {
  const { redis }: Contender = contenders[entry.name]
  if (redis === undefined) return await measure(entry, load, options)
  return await withRedis(async (server) => await measure(entry, load, options, server))
}

async function measure (
  { key, name, serve }: Entry,
  load: Child,
  options: WindowOptions,
  redis?: RedisServer
): Promise<Window> {
  const { mode, client }: Contender = contenders[name]
  const { sessions, connections, warmup, seconds, profiles } = options
  const execArgv = profiles === undefined
    ? []
    : ['--cpu-prof', `--cpu-prof-dir=${profiles}`, `--cpu-prof-name=${key}.cpuprofile`]
  const server = new Child(serve, [], execArgv)
  const port = await server.ask<number>('start', { name, redis: redis?.url })
  await load.ask('open', { port, mode, client, sessions, connections } satisfies Target)
  await load.ask<Load>('run', { requests: warmup } satisfies Extent)
  const meter = redis && await TrafficMeter.start(redis)
  const before = await server.ask<number>('cpu')
  const measured = await load.ask<Load>('run', { seconds } satisfies Extent)
  const after = await server.ask<number>('cpu')
  const traffic = await meter?.stop()
  await load.ask('close')
  await server.stop()
  const { requests } = measured
  return { ...measured, cpu: (after - before) / requests, ...(traffic && { redis: perRequest(traffic, requests) }) }
}

function perRequest ({ sent, ran, scripts, input, output }: Traffic, requests: number): Traffic {
  return {
    sent: sent / requests,
    ran: ran / requests,
    scripts: scripts / requests,
    input: input / requests,
    output: output / requests
  }
}
