import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastify from 'fastify'
import holdfast, { file, generateKey } from '@holdfast/fastify'
import { echoServer } from '../throughput/echo-server.js'
import type { Figure } from './figure.js'
import { typical } from './typical.js'
import { countWrites } from './written.js'

const COUNT = 800

/**
 * What is written when as many clients say goodbye at the same moment, beside a snapshot that they must not come back
 * from.
 */
export async function endings (): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
  const path = join(folder, 'sessions.holdfast')
  const app = fastify()
  try {
    await app.register(holdfast, {
      createServer: (_session, { serverOptions }) => echoServer(serverOptions),
      keys: generateKey('k1'),
      snapshot: file(path)
    })
    await app.ready()
    const sessions = await Promise.all(
      Array.from({ length: COUNT }, async (_, n) => await app.mcpSessions.create(typical(n)))
    )
    await app.mcpSessions.exportSessionState()
    const written = await countWrites()
    const start = performance.now()
    const replies = await Promise.all(sessions.map(async ({ id }) => await app.inject({
      method: 'DELETE', url: '/mcp', headers: { 'mcp-session-id': id }
    })))
    const took = performance.now() - start
    const { bytes, syncs } = written
    for (const { statusCode, body } of replies) if (statusCode !== 200) throw new Error(`DELETE: ${statusCode} ${body}`)
    const { size } = await stat(`${path}.ended`)
    if (size > bytes) throw new Error(`${size} bytes are there, and ${bytes} were counted`)
    const what = `${COUNT} DELETEs at once beside a snapshot`
    return [
      { what: `${what}: bytes written for each`, value: bytes / COUNT, unit: 'bytes', target: 100 },
      { what: `${what}: syncs for each`, value: syncs / COUNT, unit: '', target: 0.1 },
      { what: `${what}: all`, value: took, unit: 'ms' }
    ]
  } finally {
    await app.close()
    await rm(folder, { recursive: true })
  }
}
