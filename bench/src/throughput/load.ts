import { createHistogram } from 'node:perf_hooks'
import { answer } from '../child.js'
import { Connection } from './connection.js'
import { call, check } from './call.js'
import type { Client, Mode } from './contender.js'
import { modernCall } from './modern-call.js'
import { callIn, openSession } from './session.js'

export interface Target {
  port: number
  mode: Mode
  client: Client
  /** Clients: each with a session of its own, if they have sessions. */
  sessions: number
  connections: number
}

/** How long a load goes on: to the first of both. */
export interface Extent { seconds?: number, requests?: number }

/** What a window of load saw; latencies in ms. */
export interface Load { requests: number, seconds: number, p50: number, p99: number }

interface Caller { connection: Connection, calls: Array<(id: number) => string> }

const contentTypes: Record<Mode, string> = { json: 'application/json', sse: 'text/event-stream' }

/** The HTTP request of a call by the client of this number. */
const callsOf: Record<Client, (port: number, n: number) => Promise<(id: number) => string>> = {
  session: async port => callIn(await openSession(port)),
  modern: async (port, n) => modernCall(port, n),
  bare: async port => call(port)
}

let parts: string[] = []
let callers: Caller[] = []
let lastId = 1_000_000

async function open ({ port, mode, client, sessions, connections }: Target): Promise<void> {
  parts = [contentTypes[mode], ...(client === 'modern' ? ['"resultType":"complete"'] : [])]
  callers = []
  for (let n = 0; n < connections; n++) callers.push({ connection: await Connection.open(port), calls: [] })
  for (let n = 0; n < sessions; n++) callers[n % connections]?.calls.push(await callsOf[client](port, n))
}

/**
 * Runs for so many seconds or calls and ends when the last answer is in, so the server's CPU time around it belongs to
 * these calls only.
 */
async function run ({ seconds = Infinity, requests = Infinity }: Extent): Promise<Load> {
  const latency = createHistogram()
  const start = performance.now()
  const end = start + seconds * 1000
  const last = lastId + requests
  await Promise.all(callers.map(async ({ connection, calls }) => {
    for (let n = 0; ; n = (n + 1) % calls.length) {
      const sent = performance.now()
      if (sent >= end || lastId >= last) return
      const id = ++lastId
      check(await connection.exchange(calls[n]!(id)), id, parts)
      latency.record(Math.ceil((performance.now() - sent) * 1e6))
    }
  }))
  return {
    requests: latency.count,
    seconds: (performance.now() - start) / 1000,
    p50: latency.percentile(50) / 1e6,
    p99: latency.percentile(99) / 1e6
  }
}

function close (): void {
  for (const { connection } of callers) connection.close()
}

answer({ open, run, close })
