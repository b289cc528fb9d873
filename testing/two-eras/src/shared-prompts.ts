import { PNG } from '@holdfast/reference-server/media-samples'
import {
  type ContentBlock, type GetPromptResult, type McpServer, acceptedContent, completable, inputRequired
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { CONTEXT } from './questions.js'
import { promptResult } from './texts.js'

const WORDS = ['hello', 'paris', 'park', 'party', 'world']

const twoArguments = z.object({
  arg1: completable(z.string().describe('First test argument'), start => WORDS.filter(word => word.startsWith(start))),
  arg2: z.string().describe('Second test argument')
})
const embedded = z.object({ resourceUri: z.string().describe('URI of the resource to embed') })
const context = z.object({ context: z.string() })

/** Prompts of every kind, one of which asks its client. */
export function addSharedPrompts (server: McpServer): void {
  server.registerPrompt('test_simple_prompt', { description: 'Without arguments' }, () =>
    promptResult('This is a simple prompt for testing.'))

  server.registerPrompt('test_prompt_with_arguments', {
    description: 'With two arguments', argsSchema: twoArguments
  }, ({ arg1, arg2 }) => promptResult(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))

  server.registerPrompt('test_prompt_with_embedded_resource', {
    description: 'With an embedded resource', argsSchema: embedded
  }, ({ resourceUri: uri }) => user(
    { type: 'resource', resource: { uri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' } },
    { type: 'text', text: 'Please process the embedded resource above.' }
  ))

  server.registerPrompt('test_prompt_with_image', { description: 'With an image' }, () => user(
    { type: 'image', ...PNG },
    { type: 'text', text: 'Please analyze the image above.' }
  ))

  server.registerPrompt('test_input_required_result_prompt', { description: 'Asks its client' }, ctx => {
    const given = acceptedContent(ctx.mcpReq.inputResponses, 'user_context', context)
    if (given === undefined) return inputRequired({ inputRequests: { user_context: inputRequired.elicit(CONTEXT) } })
    return promptResult(`In the context of ${given.context}`)
  })
}

function user (...contents: ContentBlock[]): GetPromptResult {
  return { messages: contents.map(content => ({ role: 'user', content })) }
}
