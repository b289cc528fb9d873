import { PNG } from '@holdfast/reference-server/media-samples'
import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/server'

const template = new ResourceTemplate('test://template/{id}/data', { list: undefined })

/** Resources as text, as bytes and from a template. */
export function addSharedResources (server: McpServer): void {
  server.registerResource('static-text', 'test://static-text', {
    description: 'A text', mimeType: 'text/plain'
  }, ({ href }) => ({
    contents: [{ uri: href, mimeType: 'text/plain', text: 'This is the content of the static text resource.' }]
  }))

  server.registerResource('static-binary', 'test://static-binary', {
    description: 'An image', mimeType: PNG.mimeType
  }, ({ href }) => ({ contents: [{ uri: href, mimeType: PNG.mimeType, blob: PNG.data }] }))

  server.registerResource('template', template, {
    description: 'Data by id', mimeType: 'application/json'
  }, ({ href }, { id }) => ({
    contents: [{
      uri: href,
      mimeType: 'application/json',
      text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` })
    }]
  }))
}
