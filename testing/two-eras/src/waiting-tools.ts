import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { ClientCapabilities, RequestId } from '@modelcontextprotocol/sdk/types.js'
import {
  CAPITAL, CONFIRM, CONTEXT, GREETING, type ModelQuestion, NAME, type Question, STEP_1, STEP_2
} from './questions.js'
import { promptResult, textResult } from './texts.js'

/** What a handler can ask its client, and waits for. */
interface Ask {
  /** The value that the user gave for the one property of the form; undefined when they declined. */
  user: (key: string, question: Question) => Promise<unknown>
  model: (key: string, question: ModelQuestion) => Promise<string>
  roots: (key: string) => Promise<string[]>
  readonly capabilities: ClientCapabilities
}

const TOOLS: Record<string, (ask: Ask) => Promise<string>> = {
  test_input_required_result_elicitation: async ask => `Hello, ${await ask.user('user_name', NAME)}!`,
  test_input_required_result_sampling: async ask => await ask.model('capital_question', CAPITAL),
  test_input_required_result_list_roots: async ask => (await ask.roots('client_roots')).join(),
  test_input_required_result_request_state: async ask => `state-ok: ${await ask.user('confirm', CONFIRM)}`,
  test_input_required_result_tampered_state: async ask => `integrity-ok: ${await ask.user('confirm', CONFIRM)}`,
  test_input_required_result_multiple_inputs: async ask => (await Promise.all([
    ask.user('user_name', NAME), ask.model('greeting', GREETING), ask.roots('client_roots')
  ])).join('; '),
  test_input_required_result_multi_round: async ask => {
    const name = await ask.user('step1', STEP_1)
    return `${name} likes ${await ask.user('step2', STEP_2)}`
  },
  test_input_required_result_capabilities: async ask => {
    const { elicitation, sampling } = ask.capabilities
    const answers = await Promise.all([
      elicitation !== undefined && ask.user('user_name', NAME),
      sampling !== undefined && ask.model('greeting', GREETING)
    ])
    return answers.filter(answer => answer !== false).join('; ')
  },
  test_missing_capability: async ask => await ask.model('greeting', GREETING)
}

/** Tools and a prompt that ask their client and wait, as handlers of sessions do. */
export function addWaitingTools (server: McpServer): void {
  for (const [name, run] of Object.entries(TOOLS)) {
    server.registerTool(name, { description: 'Asks its client' }, async ({ requestId }) =>
      textResult(await run(asking(server, requestId))))
  }
  server.registerTool('test_streaming_elicitation', {
    description: 'Says something, then asks its client'
  }, async ({ requestId, sendNotification, _meta }) => {
    const { progressToken } = _meta ?? {}
    if (progressToken !== undefined) {
      await sendNotification({ method: 'notifications/progress', params: { progressToken, progress: 1 } })
    }
    return textResult(`Hello, ${await asking(server, requestId).user('user_name', NAME)}!`)
  })
  server.registerPrompt('test_input_required_result_prompt', {
    description: 'Asks its client'
  }, async ({ requestId }) =>
    promptResult(`In the context of ${await asking(server, requestId).user('user_context', CONTEXT)}`))
}

function asking ({ server }: McpServer, relatedRequestId: RequestId): Ask {
  const named = (key: string): object => ({ _meta: { 'dev.holdfast/key': key } })
  return {
    capabilities: server.getClientCapabilities() ?? {},
    user: async (key, question) => {
      const { content = {} } = await server.elicitInput({ ...question, ...named(key) }, { relatedRequestId })
      return Object.values(content)[0]
    },
    model: async (key, question) => {
      const { content } = await server.createMessage({ ...question, ...named(key) }, { relatedRequestId })
      return content.type === 'text' ? content.text : content.type
    },
    roots: async key => (await server.listRoots(named(key), { relatedRequestId })).roots.map(({ uri }) => uri)
  }
}
