import { randomUUID } from 'node:crypto'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'
import fastify from 'fastify'
import { echoServer } from './echo-server.js'
import { listen } from './listen.js'

type Message = JSONRPCMessage & { id?: number }

/** Hands messages on and does nothing else. */
class LeanTransport implements Transport {
  onmessage?: (message: JSONRPCMessage) => void
  readonly #waiting = new Map<number | undefined, (answer: Message) => void>()

  async start (): Promise<void> {}
  async close (): Promise<void> {}

  async send (message: Message): Promise<void> {
    this.#waiting.get(message.id)?.(message)
    this.#waiting.delete(message.id)
  }

  async ask (message: Message): Promise<Message> {
    return await new Promise(resolve => {
      this.#waiting.set(message.id, resolve)
      this.onmessage?.(message)
    })
  }
}

/**
 * The floor under any transport: the SDK's server behind a Fastify route that checks nothing, keeps nothing, streams
 * nothing and loses every session with the process.
 */
export async function leanTransport (): Promise<number> {
  const app = fastify()
  const transports = new Map<string, LeanTransport>()
  app.post<{ Body: Message }>('/mcp', async ({ headers, body }, reply) => {
    let transport = transports.get(String(headers['mcp-session-id']))
    if (transport === undefined) {
      transport = new LeanTransport()
      const id = randomUUID()
      transports.set(id, transport)
      reply.header('mcp-session-id', id)
      await echoServer().connect(transport)
    }
    if (body.id !== undefined) return await transport.ask(body)
    transport.onmessage?.(body)
    return await reply.code(202).send()
  })
  return await listen(app)
}
