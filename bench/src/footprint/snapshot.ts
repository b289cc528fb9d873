import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastify, { type FastifyInstance } from 'fastify'
import holdfast, { type HoldfastOptions, file, generateKey } from '@holdfast/fastify'
import { memory } from '@holdfast/memory'
import { echoServer } from '../throughput/echo-server.js'
import type { Figure } from './figure.js'
import { heap } from './heap.js'
import { typical } from './typical.js'

const MIB = 2 ** 20
/** With it, restoring opens every session. */
const context: NonNullable<HoldfastOptions['context']> = {
  schema: { type: 'object', required: ['url', 'apiKey'], properties: { url: { type: 'string' }, apiKey: { type: 'string' } } },
  resolve: () => null
}
const keys = generateKey('k1')

interface Targets {
  /** Milliseconds. */
  export: number
  /** Milliseconds. */
  restore: number
  /** MiB. */
  growth: number
}

/** Sealed sessions out to a file and, in another app, back again. */
export async function snapshot (count: number, targets?: Targets): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
  try {
    return await measure(count, join(folder, 'sessions.holdfast'), targets)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function measure (count: number, path: string, targets: Targets | undefined): Promise<Figure[]> {
  const from = await start(count)
  for (let n = 0; n < count; n++) await from.mcpSessions.create(typical(n))
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
  const restoreTook = await restore(count, path)
  const checkedTook = await restore(count, path, { context })
  if (exported !== count) throw new Error(`${exported} exported, not ${count}`)
  const what = `${count.toLocaleString('en')} sealed sessions`
  const bytes = (await stat(path)).size
  return [
    { what: `export of ${what}`, value: exportTook, unit: 'ms', ...(targets && { target: targets.export }) },
    { what: `restore of ${what}`, value: restoreTook, unit: 'ms', ...(targets && { target: targets.restore }) },
    { what: `restore of ${what}, contexts checked against a schema`, value: checkedTook, unit: 'ms', ...(targets && { target: targets.restore }) },
    { what: `export of ${what}: growth of heap and buffers`, value: (peak.heap - before.heap) / MIB, unit: 'MiB', ...(targets && { target: targets.growth }) },
    { what: `export of ${what}: growth of the process`, value: (peak.rss - before.rss) / MIB, unit: 'MiB', ...(targets && { target: targets.growth }) },
    { what: `file of ${what}, per session`, value: bytes / count, unit: 'bytes' }
  ]
}

async function restore (count: number, path: string, options: Partial<HoldfastOptions> = {}): Promise<number> {
  const app = await start(count, options)
  await heap()
  const before = performance.now()
  const { restored } = await app.mcpSessions.restoreSessionState(file(path))
  const took = performance.now() - before
  await app.close()
  if (restored !== count) throw new Error(`${restored} restored, not ${count}`)
  return took
}

async function start (count: number, options: Partial<HoldfastOptions> = {}): Promise<FastifyInstance> {
  const app = fastify()
  const limits = { maxSessions: 2 * count }
  await app.register(holdfast, { createServer: (_session, { serverOptions }) => echoServer(serverOptions), backend: memory({ maxBytes: Infinity }), keys, limits, ...options })
  await app.ready()
  return app
}
