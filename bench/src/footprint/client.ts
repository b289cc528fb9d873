/** What a client of some size says of itself, as it arrives in `initialize`. */
export const initialize = {
  protocolVersion: '2025-11-25',
  capabilities: { roots: { listChanged: true }, sampling: {}, elicitation: { form: {}, url: {} } },
  clientInfo: { name: 'example-client', title: 'Example client', version: '1.2.3', websiteUrl: 'https://example.com' }
}

export const call = {
  jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'tool_0', arguments: { query: 'holdfast' } }
}
