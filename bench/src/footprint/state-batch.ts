import fastify, { type FastifyInstance } from 'fastify'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import holdfast, { generateKey } from '@holdfast/fastify'
import { median } from '../statistics.js'
import { initialize } from './client.js'
import type { Figure } from './figure.js'

const CHANGES = 100
const BODY = 180 * 1024
const WARM = 3
const TIMES = 15
const LEVELS = ['debug', 'info', 'notice', 'warning', 'error']
/** The last revision with batches. */
const PROTOCOL_VERSION = '2025-03-26'

/** A batch of requests that each change the session, which is a large one. */
export async function stateBatch (): Promise<Figure[]> {
  const app = fastify()
  await app.register(holdfast, {
    createServer: (_session, { serverOptions }) => new McpServer({ name: 'levels', version: '1.0.0' }, {
      ...serverOptions, capabilities: { logging: {} }
    }),
    keys: generateKey('k1'),
    limits: { maxCalls: CHANGES },
    context: {
      resolve: () => ({ settings: Array.from({ length: BODY / 1024 }, (_, n) => `${n}`.padStart(1021, 's')) })
    }
  })
  await app.ready()
  const id = await open(app)
  const took: number[] = []
  for (let time = 0; time < WARM + TIMES; time++) {
    const start = performance.now()
    const { statusCode, body } = await post(app, levels(time), id)
    took.push(performance.now() - start)
    if (statusCode !== 200 || body.split('"result":{}').length !== CHANGES + 1) throw new Error(`${statusCode} ${body}`)
  }
  await app.close()
  const what = `${CHANGES} changes in one batch on a session of ${BODY / 1024} KiB (inject)`
  return [
    { what: `${what}: median`, value: median(took.slice(WARM)), unit: 'ms', target: 60 },
    { what: `${what}: longest`, value: Math.max(...took.slice(WARM)), unit: 'ms' }
  ]
}

function levels (time: number): object {
  return Array.from({ length: CHANGES }, (_, n) => ({
    jsonrpc: '2.0', id: time * CHANGES + n, method: 'logging/setLevel', params: { level: LEVELS[n % LEVELS.length] }
  }))
}

async function open (app: FastifyInstance): Promise<string> {
  const { statusCode, headers, body } = await post(app, {
    jsonrpc: '2.0', id: 0, method: 'initialize', params: { ...initialize, protocolVersion: PROTOCOL_VERSION }
  })
  const id = headers['mcp-session-id']
  if (statusCode !== 200 || typeof id !== 'string') throw new Error(`initialize: ${statusCode} ${body}`)
  await post(app, { jsonrpc: '2.0', method: 'notifications/initialized' }, id)
  return id
}

async function post (app: FastifyInstance, payload: object, id?: string) {
  const session = id === undefined ? {} : { 'mcp-session-id': id, 'mcp-protocol-version': PROTOCOL_VERSION }
  return await app.inject({
    method: 'POST', url: '/mcp', headers: { accept: 'application/json, text/event-stream', ...session }, payload
  })
}
