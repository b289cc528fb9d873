import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { CallToolResult, ElicitRequestFormParams, RequestId } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'

type FormSchema = ElicitRequestFormParams['requestedSchema']

const prompt = z.object({ prompt: z.string().describe('What to ask the model of the client') })
const message = z.object({ message: z.string().describe('What to show to the user') })

const contactForm: FormSchema = {
  type: 'object',
  properties: {
    username: { type: 'string', description: "User's response" },
    email: { type: 'string', description: "User's email address" }
  },
  required: ['username', 'email']
}

const formWithDefaults: FormSchema = {
  type: 'object',
  properties: {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true }
  }
}

const options = ['option1', 'option2', 'option3']

const formWithChoices: FormSchema = {
  type: 'object',
  properties: {
    untitledSingle: { type: 'string', enum: options },
    titledSingle: { type: 'string', oneOf: titled('Option') },
    legacyEnum: {
      type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Option Two', 'Option Three']
    },
    untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
    titledMulti: { type: 'array', items: { anyOf: titled('Choice') } }
  }
}

function titled (noun: string): Array<{ const: string, title: string }> {
  return ['First', 'Second', 'Third'].map((ordinal, index) =>
    ({ const: `value${index + 1}`, title: `${ordinal} ${noun}` }))
}

/**
 * Tools that ask the client: its model, or its user through forms of every kind. Requests stay on the call's own
 * stream.
 */
export function addRequestTools (server: McpServer): void {
  server.registerTool('test_sampling', {
    description: 'Asks the model of the client',
    inputSchema: prompt
  }, async ({ prompt }, { requestId }) => {
    const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: prompt } }]
    const { content } = await server.server.createMessage({ messages, maxTokens: 100 }, { relatedRequestId: requestId })
    return text(`LLM response: ${content.type === 'text' ? content.text : content.type}`)
  })

  server.registerTool('test_elicitation', {
    description: 'Asks the user of the client',
    inputSchema: message
  }, async ({ message }, { requestId }) => {
    const { action, content } = await elicit(message, contactForm, requestId)
    return text(`User response: action=${action}, content=${JSON.stringify(content ?? {})}`)
  })

  for (const [name, form] of [
    ['test_elicitation_sep1034_defaults', formWithDefaults],
    ['test_elicitation_sep1330_enums', formWithChoices]
  ] as const) {
    server.registerTool(name, { description: 'Asks the user to fill in a form' }, async ({ requestId }) => {
      const { action, content } = await elicit('Please fill in this form', form, requestId)
      return text(`Elicitation completed: action=${action}, content=${JSON.stringify(content ?? {})}`)
    })
  }

  async function elicit (message: string, requestedSchema: FormSchema, relatedRequestId: RequestId) {
    return await server.server.elicitInput({ message, requestedSchema }, { relatedRequestId })
  }
}

function text (text: string): CallToolResult {
  return { content: [{ type: 'text', text }] }
}
