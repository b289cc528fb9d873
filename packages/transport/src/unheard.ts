import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { MessageExtraInfo } from '@modelcontextprotocol/sdk/types.js'
import { type Message, type Request, type Response, SERVER_ERROR, errorMessage, isResponse } from './json-rpc.js'

/** What a client that is gone says to a question, as far as MCP has words for it. */
const ANSWERS: Readonly<Record<string, object>> = {
  ping: {},
  'roots/list': { roots: [] },
  'elicitation/create': { action: 'cancel' }
}

/** The answer to a server's question that no client hears; an error where only a client can answer. */
export function unheardAnswer ({ id, method }: Pick<Request, 'id' | 'method'>): Response {
  const result = Object.hasOwn(ANSWERS, method) ? ANSWERS[method] : undefined
  if (result === undefined) return errorMessage(id, SERVER_ERROR, 'No client hears this server any more')
  return { jsonrpc: '2.0', id, result } as Response
}

/**
 * Where a server is connected to once its session has let it go. A timer of its own may go on to speak, and the SDK rejects what an
 * unconnected server says: a rejection that nobody handles ends the process. Here it is dropped.
 */
export class Unheard implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: <T extends Message>(message: T, extra?: MessageExtraInfo) => void
  #spoken = false

  /** @param spoke told of the first message */
  constructor (private readonly spoke: () => void) {}

  async start (): Promise<void> {}

  async close (): Promise<void> {
    this.onclose?.()
  }

  async send (message: Message): Promise<void> {
    // What was running answers late; nothing is wrong with that.
    if (isResponse(message)) return
    if (!this.#spoken) this.spoke()
    this.#spoken = true
    if ('id' in message) queueMicrotask(() => this.onmessage?.(unheardAnswer(message) as Message))
  }
}
