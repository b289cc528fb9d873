import { type ModernRequest, modernHeaders, modernRequest } from '@holdfast/clients/modern'
import { messagesIn, send } from '@holdfast/clients/send'

/** Who calls: the name is that of its principal, and what it calls itself. */
export interface Caller {
  readonly name: string
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>
}

/** The whole reply to a request. */
export interface Told {
  status: number
  retryAfter: string | undefined
  /** What came before the answer. */
  notifications: any[]
  /** The JSON-RPC answer; undefined when there is none. */
  answer: any
}

/** Calls a tool as a client that can be asked for forms. */
export async function callTool (
  url: URL, { name: client, headers }: Caller, name: string, args: object = {},
  { id = 1, meta = {}, retry = {} }: { id?: number, meta?: object, retry?: object } = {}
): Promise<Told> {
  const options = { id, client, capabilities: { elicitation: { form: {} } }, meta }
  return await tell(url, modernRequest('tools/call', { name, arguments: args, ...retry }, options), headers)
}

async function tell (url: URL, message: ModernRequest, headers: Readonly<Record<string, string>>): Promise<Told> {
  const reply = await send(url, { message, headers: { ...modernHeaders(message), ...headers } })
  const messages = messagesIn(reply.text)
  return {
    status: reply.status,
    retryAfter: reply.headers['retry-after'],
    notifications: messages.filter(({ method }) => method !== undefined),
    answer: messages.find(({ method }) => method === undefined)
  }
}

const ASKING = 'test_input_required_result_elicitation'

/** A call that was asked for a name, and waits. */
export class AskedCall {
  private constructor (private readonly caller: Caller, private readonly result: any) {}

  /** @throws Error it was not asked */
  static async begin (url: URL, caller: Caller, id = 1): Promise<AskedCall> {
    const { status, answer } = await callTool(url, caller, ASKING, {}, { id })
    if (answer?.result?.resultType !== 'input_required') {
      throw new Error(`a call was not asked: ${status} ${JSON.stringify(answer)}`)
    }
    return new AskedCall(caller, answer.result)
  }

  /** Sends the call again, with the answer. What comes out of it has the name in it. */
  async answer (url: URL, name: string, id = 2): Promise<Told> {
    const { requestState, inputRequests } = this.result
    const [key = ''] = Object.keys(inputRequests)
    const retry = {
      inputResponses: { [key]: { action: 'accept', content: { name } } },
      ...requestState !== undefined && { requestState }
    }
    return await callTool(url, this.caller, ASKING, {}, { id, retry })
  }
}

/** The text of a tool's result; undefined for anything else. */
export function textOf ({ status, answer }: Told): string | undefined {
  return status === 200 && answer?.result?.isError !== true ? answer?.result?.content?.[0]?.text : undefined
}
