import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastify, { type FastifyInstance } from 'fastify'
import type { Backend } from '@holdfast/core'
import holdfast, { type HoldfastOptions, file, generateKey } from '@holdfast/fastify'
import { memory } from '@holdfast/memory'
import { echoServer } from '../throughput/echo-server.js'
import type { Figure } from './figure.js'
import { heap } from './heap.js'
import { typical } from './typical.js'

const MIB = 2 ** 20
/** With it, restoring opens every session. */
const context: NonNullable<HoldfastOptions['context']> = {
  schema: {
    type: 'object', required: ['url', 'apiKey'], properties: { url: { type: 'string' }, apiKey: { type: 'string' } }
  },
  resolve: () => null
}
const keys = generateKey('k1')

interface Targets {
  /** Milliseconds. */
  export: number
  /** Milliseconds. */
  restore: number
  /** MiB. */
  growth?: number
}

/** Where the sessions are. */
interface Place {
  name: string
  /** A backend without sessions. */
  connect: () => Backend
  /** Also with a context schema. */
  checked: boolean
}

const inMemory: Place = { name: '', connect: () => memory({ maxBytes: Infinity }), checked: true }
/** Sessions that are made at the same time. */
const AT_ONCE = 50

/** Sealed sessions out to a file and, in another app, back again. */
export async function snapshot (count: number, targets?: Targets, place = inMemory): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
  try {
    return await measure(count, join(folder, 'sessions.holdfast'), targets, place)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function measure (count: number, path: string, targets: Targets | undefined, place: Place): Promise<Figure[]> {
  const from = await start(count, place)
  for (let n = 0; n < count; n += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, async (_, i) => await from.mcpSessions.create(typical(n + i))))
  }
  const before = { heap: await heap(), rss: process.memoryUsage.rss() }
  const peak = { ...before }
  const exporting = performance.now()
  const { exported } = await from.mcpSessions.exportSessionState(file(path), {
    onProgress: () => {
      const { heapUsed, external, rss } = process.memoryUsage()
      peak.heap = Math.max(peak.heap, heapUsed + external)
      peak.rss = Math.max(peak.rss, rss)
    }
  })
  const exportTook = performance.now() - exporting
  await from.close()
  if (exported !== count) throw new Error(`${exported} exported, not ${count}`)
  const restoreTook = await restore(count, path, place)
  const what = `${count.toLocaleString('en')} sealed sessions${place.name}`
  const within = { ...(targets && { target: targets.restore }) }
  const growth = { unit: 'MiB', ...(targets?.growth !== undefined && { target: targets.growth }) } as const
  const bytes = (await stat(path)).size
  return [
    { what: `export of ${what}`, value: exportTook, unit: 'ms', ...(targets && { target: targets.export }) },
    { what: `restore of ${what}`, value: restoreTook, unit: 'ms', ...within },
    ...(place.checked
      ? [{
          what: `restore of ${what}, contexts checked against a schema`,
          value: await restore(count, path, place, { context }),
          unit: 'ms',
          ...within
        } as const]
      : []),
    { what: `export of ${what}: growth of heap and buffers`, value: (peak.heap - before.heap) / MIB, ...growth },
    { what: `export of ${what}: growth of the process`, value: (peak.rss - before.rss) / MIB, ...growth },
    { what: `file of ${what}, per session`, value: bytes / count, unit: 'bytes' }
  ]
}

async function restore (
  count: number,
  path: string,
  place: Place,
  options: Partial<HoldfastOptions> = {}
): Promise<number> {
  const app = await start(count, place, options)
  await heap()
  const before = performance.now()
  const { restored } = await app.mcpSessions.restoreSessionState(file(path))
  const took = performance.now() - before
  await app.close()
  if (restored !== count) throw new Error(`${restored} restored, not ${count}`)
  return took
}

async function start (
  count: number,
  { connect }: Place,
  options: Partial<HoldfastOptions> = {}
): Promise<FastifyInstance> {
  const app = fastify()
  const backend = connect()
  const limits = { maxSessions: 2 * count }
  app.addHook('onClose', async () => { await backend.close() })
  await app.register(holdfast, {
    createServer: (_session, { serverOptions }) => echoServer(serverOptions), backend, keys, limits, ...options
  })
  await app.ready()
  return app
}
