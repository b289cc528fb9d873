import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { ContentBlock } from '@modelcontextprotocol/sdk/types.js'
import { PNG, WAV } from './media-samples.js'

/** Results of every kind of content, by the names of their tools. */
export const contentResults: Record<string, { description: string, content: ContentBlock[] }> = {
  test_simple_text: {
    description: 'Answers with text',
    content: [{ type: 'text', text: 'This is a simple text response for testing.' }]
  },
  test_image_content: {
    description: 'Answers with an image',
    content: [{ type: 'image', ...PNG }]
  },
  test_audio_content: {
    description: 'Answers with a sound',
    content: [{ type: 'audio', ...WAV }]
  },
  test_embedded_resource: {
    description: 'Answers with an embedded resource',
    content: [{
      type: 'resource',
      resource: {
        uri: 'test://embedded-resource', mimeType: 'text/plain', text: 'This is an embedded resource content.'
      }
    }]
  },
  test_multiple_content_types: {
    description: 'Answers with text, an image and a resource',
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      { type: 'image', ...PNG },
      {
        type: 'resource',
        resource: {
          uri: 'test://mixed-content-resource',
          mimeType: 'application/json',
          text: JSON.stringify({ test: 'data', value: 123 })
        }
      }
    ]
  }
}

/** Tools that answer with every kind of content, and one that fails. */
export function addContentTools (server: McpServer): void {
  for (const [name, { description, content }] of Object.entries(contentResults)) {
    server.registerTool(name, { description }, () => ({ content }))
  }
  server.registerTool('test_error_handling', { description: 'Always fails' }, () => {
    throw new Error('This tool intentionally returns an error for testing')
  })
}
