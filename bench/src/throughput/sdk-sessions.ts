import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { isInitializeRequest } from '@modelcontextprotocol/sdk/types.js'
import type { Mode } from './contender.js'
import { echoServer } from './echo-server.js'

/** The SDK's transport as its examples use it: a map of transports by session id, the parsed body handed on. */
export function sdkSessions (mode: Mode) {
  const transports = new Map<string, StreamableHTTPServerTransport>()

  async function open (): Promise<StreamableHTTPServerTransport> {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      enableJsonResponse: mode === 'json',
      onsessioninitialized: (id) => { transports.set(id, transport) }
    })
    await echoServer().connect(transport as Transport)
    return transport
  }

  return async function handle (request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
    const id = request.headers['mcp-session-id']
    const known = typeof id === 'string' ? transports.get(id) : undefined
    if (known !== undefined) return await known.handleRequest(request, response, body)
    if (id === undefined && isInitializeRequest(body)) {
      return await (await open()).handleRequest(request, response, body)
    }
    response.writeHead(id === undefined ? 400 : 404).end()
  }
}
