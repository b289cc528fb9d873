import { completable } from '@modelcontextprotocol/sdk/server/completable.js'
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { ContentBlock, GetPromptResult } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { PNG } from './media-samples.js'

const WORDS = ['hello', 'paris', 'park', 'party', 'world']

const twoArguments = {
  arg1: completable(z.string().describe('First test argument'), start => WORDS.filter(word => word.startsWith(start))),
  arg2: z.string().describe('Second test argument')
}
const embeddedResource = { resourceUri: z.string().describe('URI of the resource to embed') }

/** Prompts of every kind, one of which completes its argument. */
export function addPrompts (server: McpServer): void {
  server.registerPrompt('test_simple_prompt', { description: 'Without arguments' }, () => user(
    { type: 'text', text: 'This is a simple prompt for testing.' }
  ))

  server.registerPrompt('test_prompt_with_arguments', {
    description: 'With two arguments',
    argsSchema: twoArguments
  }, ({ arg1, arg2 }) => user(
    { type: 'text', text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` }
  ))

  server.registerPrompt('test_prompt_with_embedded_resource', {
    description: 'With an embedded resource',
    argsSchema: embeddedResource
  }, ({ resourceUri: uri }) => user(
    { type: 'resource', resource: { uri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' } },
    { type: 'text', text: 'Please process the embedded resource above.' }
  ))

  server.registerPrompt('test_prompt_with_image', { description: 'With an image' }, () => user(
    { type: 'image', ...PNG },
    { type: 'text', text: 'Please analyze the image above.' }
  ))
}

function user (...contents: ContentBlock[]): GetPromptResult {
  return { messages: contents.map(content => ({ role: 'user', content })) }
}
