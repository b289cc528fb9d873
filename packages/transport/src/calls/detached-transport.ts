import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { MessageExtraInfo } from '@modelcontextprotocol/sdk/types.js'
import { type Message, type Request, type Response, SERVER_ERROR, errorMessage, isResponse } from '../http/json-rpc.js'
import type { TurnThrottle } from './turn-throttle.js'

/** The answers to questions for a client that is gone, where MCP has a fitting answer. */
const ANSWERS: Readonly<Record<string, object>> = {
  ping: {},
  'roots/list': { roots: [] },
  'elicitation/create': { action: 'cancel' }
}

/** Questions that get an answer in place of the client; further questions get an error. */
const MAX_ANSWERS = 8
/** Questions that wait for their answer; further questions get an error at once. */
const MAX_WAITING = 16
/** Milliseconds that an answer is delayed at most. */
const MAX_DELAY = 60_000

/** The answer to a server's question when the client is gone; an error where only the client can answer. */
export function answerOfGoneClient ({ id, method }: Pick<Request, 'id' | 'method'>): Response {
  const result = Object.hasOwn(ANSWERS, method) ? ANSWERS[method] : undefined
  if (result === undefined) return goneClientError(id)
  return { jsonrpc: '2.0', id, result } as Response
}

function goneClientError (id: Request['id']): Response {
  return errorMessage(id, SERVER_ERROR, 'This server has no client any more')
}

/**
 * The transport of a server that its session has let go. A timer of the server may still send messages. Without a
 * transport, the SDK would reject them, and an unhandled rejection ends the process. This transport drops them. A
 * server may repeat a question until it likes the answer, so each answer comes in a later turn of the event loop, and
 * with a longer delay than the one before.
 */
export class DetachedTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: <T extends Message>(message: T, extra?: MessageExtraInfo) => void
  #sent = false
  #questions = 0
  #waiting = 0

  /**
   * @param onFirstMessage called at the first message
   * @param failed called with an error that the server throws at an answer
   */
  constructor (
    private readonly throttle: TurnThrottle,
    private readonly onFirstMessage: () => void,
    private readonly failed: (error: unknown) => void
  ) {}

  async start (): Promise<void> {}

  async close (): Promise<void> {
    this.onclose?.()
  }

  async send (message: Message): Promise<void> {
    // A late answer of a call that was running is not worth a report.
    if (!isResponse(message)) {
      if (!this.#sent) this.onFirstMessage()
      this.#sent = true
      if ('id' in message) return this.#answer(message)
    }
    await this.throttle.next()
  }

  #answer (question: Request): void {
    if (this.#waiting >= MAX_WAITING) {
      setImmediate(() => this.#deliver(goneClientError(question.id)))
      return
    }
    const count = this.#questions++
    const answer = count < MAX_ANSWERS ? answerOfGoneClient(question) : goneClientError(question.id)
    this.#waiting++
    setTimeout(() => {
      this.#waiting--
      this.#deliver(answer)
    }, Math.min(2 ** Math.min(count, 16), MAX_DELAY)).unref()
  }

  #deliver (answer: Response): void {
    try {
      this.onmessage?.(answer as Message)
    } catch (error) {
      this.failed(error)
    }
  }
}
