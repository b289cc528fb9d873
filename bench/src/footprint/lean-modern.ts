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

/** Whether headers say what the body says. */
export type Check = (body: JSONRPCRequest, headers: IncomingHttpHeaders) => boolean

/** Whether they do, as the SDK sees it, which does not look at the name. */
export function classified (body: JSONRPCRequest, headers: IncomingHttpHeaders): boolean {
  const { kind } = classifyInboundRequest({
    httpMethod: 'POST',
    protocolVersionHeader: headers['mcp-protocol-version'] as string,
    mcpMethodHeader: headers['mcp-method'] as string,
    body
  })
  return kind === 'modern' && headers['mcp-name'] === body.params?.name
}

/** Whether they do, at the least cost: for a correct request of a tool with a plain name. */
export function compared ({ method, params }: JSONRPCRequest, headers: IncomingHttpHeaders): boolean {
  const version = params?._meta?.['io.modelcontextprotocol/protocolVersion']
  return version === CLASSIFICATION.revision && headers['mcp-protocol-version'] === version &&
    headers['mcp-method'] === method && headers['mcp-name'] === params?.name
}

/**
 * The least with which a shared server of SDK v2 can be served: parsed, checked, asked, and written. It knows no
 * caller, cancels nothing, streams nothing, and has no bounds.
 */
export class LeanModern {
  readonly #connection = new LeanConnection()

  private constructor (private readonly check: Check) {}

  static async start (server: McpServer, check: Check): Promise<LeanModern> {
    const lean = new LeanModern(check)
    await server.connect(lean.#connection)
    return lean
  }

  /** @throws Error for a request whose headers do not match it */
  async post (text: string, headers: IncomingHttpHeaders): Promise<string> {
    const body = JSON.parse(text) as JSONRPCRequest
    if (!this.check(body, headers)) throw new Error('The headers do not match')
    return JSON.stringify(await this.#connection.ask(body))
  }
}
