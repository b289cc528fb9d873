import fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify'
import type { Backend } from '@holdfast/core'
import holdfast, { type HoldfastOptions } from '@holdfast/fastify'
import { call, initialize } from './client.js'
import { toolServer, type Build } from './tool-server.js'

/** An app with the plugin, called without a socket. */
export class App {
  readonly #fastify: FastifyInstance = fastify()
  /** Milliseconds that the user's factory took, latest last. */
  readonly factory: number[] = []

  static async start (backend: Backend, build: Build, options: Partial<HoldfastOptions> = {}): Promise<App> {
    const app = new App()
    await app.#fastify.register(holdfast, {
      createServer: (_session, { serverOptions }) => {
        const start = performance.now()
        const server = toolServer(build, serverOptions)
        app.factory.push(performance.now() - start)
        return server
      },
      backend,
      live: { max: 10_000 },
      ...options
    })
    await app.#fastify.ready()
    return app
  }

  /** A session whose handshake is complete. Resolves to its id. */
  async open (): Promise<string> {
    const opened = await this.#post({ jsonrpc: '2.0', id: 0, method: 'initialize', params: initialize })
    const id = opened.headers['mcp-session-id']
    if (opened.statusCode !== 200 || typeof id !== 'string') {
      throw new Error(`initialize: ${opened.statusCode} ${opened.body}`)
    }
    const initialized = await this.#post({ jsonrpc: '2.0', method: 'notifications/initialized' }, id)
    if (initialized.statusCode !== 202) throw new Error(`initialized: ${initialized.statusCode} ${initialized.body}`)
    return id
  }

  /** Calls a tool. Resolves to the milliseconds it took. */
  async call (id: string): Promise<number> {
    const start = performance.now()
    const { statusCode, body } = await this.#post(call, id)
    const took = performance.now() - start
    if (statusCode !== 200 || !body.includes('"text":"holdfast"')) throw new Error(`tools/call: ${statusCode} ${body}`)
    return took
  }

  async #post (payload: object, id?: string): Promise<LightMyRequestResponse> {
    return await this.#fastify.inject({
      method: 'POST',
      url: '/mcp',
      headers: {
        accept: 'application/json, text/event-stream',
        ...(id !== undefined && { 'mcp-session-id': id, 'mcp-protocol-version': initialize.protocolVersion })
      },
      payload
    })
  }
}
