import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { type Sessions, milliseconds } from '@holdfast/core'
import type { Endpoint } from '@holdfast/transport'
import type { Transfers } from './admin/transfer.js'
import type { Connections } from './connections/connections.js'
import type { Settings } from './options.js'
import type { Snapshots } from './snapshots.js'

/** Milliseconds, at most, that a drain takes beyond its time, that replies get to be flushed, and that servers get to let go. */
const OVERTIME = 250
const FLUSH = 500
const RELEASE = 200

export interface Closing {
  sessions: Sessions
  endpoint: Endpoint
  connections: Connections
  transfers: Transfers
  snapshots: Snapshots | undefined
  /** What looks again and again. */
  watches: ReadonlyArray<{ stop: () => unknown }>
}

/**
 * What happens when the app closes. No step waits longer than its time for a peer, and the snapshot waits for none: it begins while Fastify
 * waits for its connections to end.
 *
 * @returns whether the app closes
 */
export function closing (app: FastifyInstance, { drainDelay, drainTimeout, backend }: Settings, parts: Closing): () => boolean {
  const { sessions, endpoint, connections, transfers, snapshots, watches } = parts
  const delay = drainDelay === undefined ? 0 : milliseconds(drainDelay, 'drainDelay')
  const timeout = milliseconds(drainTimeout, 'drainTimeout')
  let isClosing = false
  /** What fails must not keep the next step from being taken. */
  const bounded = async (time: number, work: Promise<void>): Promise<void> => {
    await within(time, work).catch((error: unknown) => { sessions.emit('error', { error }) })
  }

  // An open stream would keep `onClose` from ever running.
  app.addHook('preClose', async () => {
    isClosing = true
    if (delay > 0) await pause(delay)
    await bounded(timeout + OVERTIME, endpoint.drain(timeout))
    transfers.end()
    await connections.flushed(FLUSH)
    snapshots?.begin()
    connections.close()
  })
  app.addHook('onClose', async () => {
    for (const watch of watches) await watch.stop()
    await bounded(RELEASE, endpoint.close(RELEASE))
    try {
      await snapshots?.close()
    } finally {
      if (backend === undefined) await sessions.backend.close()
    }
  })
  return () => isClosing
}

/** Waits for work, and not for ever. */
async function within (time: number, work: Promise<void>): Promise<void> {
  const timer = new AbortController()
  try {
    await Promise.race([work, pause(time, undefined, { signal: timer.signal })])
  } finally {
    timer.abort()
  }
}
