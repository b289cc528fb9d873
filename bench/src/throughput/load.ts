import { createHistogram } from 'node:perf_hooks'
import { answer } from '../child.js'
import { Connection } from './connection.js'
import type { Mode } from './contenders.js'
import { callIn, check, openSession } from './session.js'

export interface Target { port: number, mode: Mode, sessions: number, connections: number, needsSessions: boolean }

/** How long a load goes on: to the first of both. */
export interface Extent { seconds?: number, requests?: number }

/** What a window of load saw; latencies in ms. */
export interface Load { requests: number, seconds: number, p50: number, p99: number }

interface Client { connection: Connection, calls: Array<(id: number) => string> }

const contentTypes: Record<Mode, string> = { json: 'application/json', sse: 'text/event-stream' }

let contentType = ''
let clients: Client[] = []
let lastId = 1_000_000

async function open ({ port, mode, sessions, connections, needsSessions }: Target): Promise<void> {
  contentType = contentTypes[mode]
  clients = []
  for (let n = 0; n < connections; n++) clients.push({ connection: await Connection.open(port), calls: [] })
  for (let n = 0; n < sessions; n++) {
    const session = needsSessions ? await openSession(port) : { port, id: undefined }
    clients[n % connections]?.calls.push(callIn(session))
  }
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
  await Promise.all(clients.map(async ({ connection, calls }) => {
    for (let n = 0; ; n = (n + 1) % calls.length) {
      const sent = performance.now()
      if (sent >= end || lastId >= last) return
      const id = ++lastId
      check(await connection.exchange(calls[n]!(id)), id, contentType)
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
  for (const { connection } of clients) connection.close()
}

answer({ open, run, close })
