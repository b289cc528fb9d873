import type { IncomingHttpHeaders } from 'node:http'
import {
  type JSONRPCMessage, type JSONRPCRequest, type McpServer, PerRequestHTTPServerTransport, classifyInboundRequest
} from '@modelcontextprotocol/server'

const CLASSIFICATION = { era: 'modern', revision: '2026-07-28' } as const

type Answered = (answer: object) => void

/** One server on one connection: each request gets a number, and each answer goes by it. */
class LeanConnection extends PerRequestHTTPServerTransport {
  readonly #waiting = new Map<unknown, Answered>()
  #number = 0

  constructor () {
    super({ classification: CLASSIFICATION })
  }

  override async start (): Promise<void> {}
  override async close (): Promise<void> {}

  override async send (message: JSONRPCMessage): Promise<void> {
    if ('method' in message) return
    this.#waiting.get(message.id)?.(message)
    this.#waiting.delete(message.id)
  }

  async ask (message: JSONRPCRequest): Promise<object> {
    return await new Promise(resolve => {
      const id = ++this.#number
      this.#waiting.set(id, answer => resolve({ ...answer, id: message.id }))
      this.onmessage?.({ ...message, id }, { classification: CLASSIFICATION })
    })
  }
}

/**
 * The least with which a shared server of SDK v2 can be served: parsed, checked by the SDK's own function and by name,
 * asked, and written. It knows no caller, cancels nothing, streams nothing, and has no bounds.
 */
export class LeanModern {
  readonly #connection = new LeanConnection()

  static async start (server: McpServer): Promise<LeanModern> {
    const lean = new LeanModern()
    await server.connect(lean.#connection)
    return lean
  }

  /** @throws Error for a request that is not one of the revision */
  async post (text: string, headers: IncomingHttpHeaders): Promise<string> {
    const body = JSON.parse(text) as JSONRPCRequest
    const { kind } = classifyInboundRequest({
      httpMethod: 'POST',
      protocolVersionHeader: headers['mcp-protocol-version'] as string,
      mcpMethodHeader: headers['mcp-method'] as string,
      body
    })
    if (kind !== 'modern' || headers['mcp-name'] !== body.params?.name) throw new Error(kind)
    return JSON.stringify(await this.#connection.ask(body))
  }
}
