import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { type Sessions, milliseconds, within } from '@holdfast/core'
import type { Endpoint } from '@holdfast/transport'
import type { Transfers } from './admin/transfer.js'
import type { Connections } from './connections/connections.js'
import type { EndHook } from './end-hook.js'
import type { Settings } from './check-options.js'
import type { SnapshotSchedule } from './snapshot-schedule.js'

/** Milliseconds from the end of `shutdown.timeout` to the last step: less than the second that the docs promise. */
const GRACE = 800
/** Milliseconds that a drain may take beyond its time. */
const OVERTIME = 250
/** Milliseconds that replies have to be flushed. */
const FLUSH = 500
/** Milliseconds that MCP servers have at least to be closed. Connections end meanwhile. */
const RELEASE = 200

export interface Closing {
  sessions: Sessions
  endpoint: Pick<Endpoint, 'drain' | 'close'>
  endHook: Pick<EndHook, 'idle'> | undefined
  connections: Pick<Connections, 'drain' | 'flushed' | 'close'>
  transfers: Pick<Transfers, 'end'>
  snapshots: Pick<SnapshotSchedule, 'begin' | 'close'> | undefined
  /** The periodic checks. */
  watches: ReadonlyArray<{ stop: () => unknown }>
}

/**
 * Adds the steps that run when the app closes. No step waits longer than its time for a peer or a server. The snapshot
 * waits for neither: it begins while Fastify waits for its connections to end.
 *
 * @returns whether the app closes
 */
export function closing (
  app: FastifyInstance, { shutdown, backend }: Pick<Settings, 'shutdown' | 'backend'>, parts: Closing
): () => boolean {
  const { sessions, endpoint, endHook, connections, transfers, snapshots, watches } = parts
  const delay = shutdown.delay === undefined ? 0 : milliseconds(shutdown.delay, 'shutdown.delay')
  const timeout = milliseconds(shutdown.timeout, 'shutdown.timeout')
  let isClosing = false
  let released: Promise<void> | undefined
  /** A step that fails must not prevent the next step. */
  const bounded = async (time: number, work: Promise<unknown>): Promise<void> => {
    await within(work, time).catch((error: unknown) => { sessions.emit('error', { error }) })
  }
  const release = async (time: number): Promise<void> => {
    const end = Promise.all([endpoint.close(time), ...watches.map(async watch => await watch.stop())])
    // Sessions that end with this process have ended by then.
    await bounded(time, end.then(async () => await endHook?.idle()))
  }

  // An open stream would keep `onClose` from ever running.
  app.addHook('preClose', async () => {
    isClosing = true
    if (delay > 0) await pause(delay)
    connections.drain()
    const end = performance.now() + timeout + GRACE
    const left = (): number => end - performance.now()
    await bounded(timeout + OVERTIME, endpoint.drain(timeout))
    transfers.end()
    await connections.flushed(Math.max(0, Math.min(FLUSH, left() - RELEASE)))
    snapshots?.begin()
    connections.close()
    // The time that the drain has not used is for servers that take long to close.
    released = release(Math.max(RELEASE, left()))
  })
  app.addHook('onClose', async () => {
    await (released ?? release(RELEASE))
    try {
      await snapshots?.close()
    } finally {
      if (backend === undefined) await sessions.vault.backend.close()
    }
  })
  return () => isClosing
}
