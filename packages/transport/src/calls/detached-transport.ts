import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { MessageExtraInfo } from '@modelcontextprotocol/sdk/types.js'
import { type Message, type Request, type Response, SERVER_ERROR, errorMessage, isResponse } from '../http/json-rpc.js'
import type { Pace } from './turn-throttle.js'

/** What a client that is gone says to a question, as far as MCP has words for it. */
const ANSWERS: Readonly<Record<string, object>> = {
  ping: {},
  'roots/list': { roots: [] },
  'elicitation/create': { action: 'cancel' }
}

/** Questions that are answered in the client's words; a server that goes on to ask is told that nobody hears it. */
const POLITE = 8
/** Questions that wait for their answer; others hear at once that nobody hears them. */
const MAX_WAITING = 16
/** Milliseconds that an answer is held back at most. */
const SLOWEST = 60_000

/** The answer to a server's question that no client hears; an error where only a client can answer. */
export function unheardAnswer ({ id, method }: Pick<Request, 'id' | 'method'>): Response {
  const result = Object.hasOwn(ANSWERS, method) ? ANSWERS[method] : undefined
  if (result === undefined) return unheardError(id)
  return { jsonrpc: '2.0', id, result } as Response
}

function unheardError (id: Request['id']): Response {
  return errorMessage(id, SERVER_ERROR, 'No client hears this server any more')
}

/**
 * Where a server is connected to once its session has let it go. A timer of its own may go on to speak, and the SDK
 * rejects what an unconnected server says: a rejection that nobody handles ends the process. Here it is dropped. A
 * server that asks until it is content would keep the event loop, so each answer comes in a later turn, and later than
 * the one before.
 */
export class DetachedTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: <T extends Message>(message: T, extra?: MessageExtraInfo) => void
  #spoken = false
  #questions = 0
  #waiting = 0

  /**
   * @param spoke told of the first message
   * @param failed told of what the server throws at an answer
   */
  constructor (
    private readonly pace: Pace,
    private readonly spoke: () => void,
    private readonly failed: (error: unknown) => void
  ) {}

  async start (): Promise<void> {}

  async close (): Promise<void> {
    this.onclose?.()
  }

  async send (message: Message): Promise<void> {
    // What was running answers late; nothing is wrong with that.
    if (!isResponse(message)) {
      if (!this.#spoken) this.spoke()
      this.#spoken = true
      if ('id' in message) return this.#answer(message)
    }
    await this.pace.next()
  }

  #answer (question: Request): void {
    if (this.#waiting >= MAX_WAITING) {
      setImmediate(() => this.#tell(unheardError(question.id)))
      return
    }
    const count = this.#questions++
    const answer = count < POLITE ? unheardAnswer(question) : unheardError(question.id)
    this.#waiting++
    setTimeout(() => {
      this.#waiting--
      this.#tell(answer)
    }, Math.min(2 ** Math.min(count, 16), SLOWEST)).unref()
  }

  #tell (answer: Response): void {
    try {
      this.onmessage?.(answer as Message)
    } catch (error) {
      this.failed(error)
    }
  }
}
