import fastify, { type FastifyInstance } from 'fastify'
import holdfast, { type HoldfastOptions } from '@holdfast/fastify'
import { redis } from '@holdfast/redis'
import { meta, modernHeaders } from '../throughput/modern-request.js'
import { askingServer } from './asking-server.js'
import { Counted } from './counted.js'

/** What an answer has, as far as it matters here. */
export interface Result {
  resultType: string
  requestState?: string
  inputRequests?: Record<string, unknown>
}

/** A replica on Redis that serves revision 2026-07-28, called without a socket, and what it asks of Redis. */
export class ModernReplica {
  readonly #app: FastifyInstance = fastify()
  readonly #counted = new Counted()
  readonly #backend

  private constructor (url: string) {
    this.#backend = redis({ url })
  }

  static async start (url: string, options: Pick<HoldfastOptions, 'keys' | 'modern'>): Promise<ModernReplica> {
    const replica = new ModernReplica(url)
    await replica.#app.register(holdfast, {
      createServer: (_session, { serverOptions }) => askingServer(serverOptions),
      backend: replica.#counted.over(replica.#backend),
      ...options
    })
    await replica.#app.ready()
    return replica
  }

  /** Round trips to the backend until now. */
  get trips (): number {
    return this.#counted.calls
  }

  /** @throws Error unless the result is of that type */
  async call (name: string, resultType: string, params: object = {}): Promise<Result> {
    const { statusCode, body } = await this.#app.inject({
      method: 'POST',
      url: '/mcp',
      headers: { accept: 'application/json, text/event-stream', ...modernHeaders('tools/call', name) },
      payload: {
        jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: { text: 'a' }, ...params, _meta: meta }
      }
    })
    const result = (JSON.parse(body) as { result?: Result }).result
    if (statusCode !== 200 || result?.resultType !== resultType) throw new Error(`${name}: ${statusCode} ${body}`)
    return result
  }

  async close (): Promise<void> {
    await this.#app.close()
    await this.#backend.close()
  }
}
