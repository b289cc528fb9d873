import type { IncomingHttpHeaders } from 'node:http'
import { Sessions } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import { type CacheOptions, ModernEndpoint, cacheHints, sharedServer } from '@holdfast/modern'
import type { Inbound } from '@holdfast/transport'
import type { McpServer, McpServerOptions } from '@modelcontextprotocol/server'

type Who = Pick<Inbound, 'principal' | 'authInfo'>

const NOBODY: Who = { principal: null }

const cache: CacheOptions = { 'tools/list': { ttl: '5m', scope: 'public' } }

/** A shared server behind all that its requests go through, but for the web server; with the plugin's defaults. */
export class ModernFront {
  readonly #endpoint: ModernEndpoint

  private constructor (create: (options: McpServerOptions) => McpServer) {
    this.#endpoint = new ModernEndpoint({
      server: sharedServer({
        create: ({ serverOptions }) => create({ ...serverOptions, cacheHints: cacheHints(cache) })
      }),
      sessions: new Sessions({ backend: memory() }),
      legacy: true,
      responseMode: 'auto',
      streamAfter: 500,
      keepAlive: 15_000,
      stallTimeout: 30_000,
      maxBuffered: 262_144,
      callTimeout: 3_600_000,
      maxCalls: 1_000,
      cache
    })
  }

  static async start (create: (options: McpServerOptions) => McpServer): Promise<ModernFront> {
    const front = new ModernFront(create)
    await front.#endpoint.start()
    return front
  }

  /** @throws Error when the answer is not one JSON text with status 200 */
  async post (text: string, headers: IncomingHttpHeaders, who = NOBODY): Promise<string> {
    const { status, body } = await this.#endpoint.post({
      ...who, headers, url: 'http://127.0.0.1/mcp', body: JSON.parse(text), isGone, onGone
    })
    if (status !== 200 || typeof body !== 'string') throw new Error(`${status} ${String(body)}`)
    return body
  }

  async close (): Promise<void> {
    await this.#endpoint.close(1_000)
  }
}

function isGone (): boolean {
  return false
}

function onGone (): void {}
