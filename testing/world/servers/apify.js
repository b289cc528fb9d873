import { upstream } from '../src/upstream.js'
import { serveServer } from '../src/serve-server.js'

const run = { id: 'kelp', actId: 'a', status: 'SUCCEEDED', defaultDatasetId: 'd', defaultKeyValueStoreId: 'k' }
process.env.APIFY_API_BASE_URL = await upstream({
  data: { total: 1, offset: 0, limit: 10, desc: true, count: 1, items: [run] }
})
const { ActorsMcpServer } = await import('@apify/actors-mcp-server')
const { InMemoryTaskStore } = await import('@modelcontextprotocol/sdk/experimental/tasks')
const { ApifyClient } = await import('@apify/actors-mcp-server/internals')
const token = 'a-token'

await serveServer(async ({ key }) => {
  const server = new ActorsMcpServer({
    transportType: 'http',
    taskStore: new InMemoryTaskStore(),
    telemetry: { enabled: false },
    token,
    setupSigintHandler: false
  })
  await server.loadToolsFromInput({ tools: ['runs'] }, new ApifyClient({ token }))
  return {
    connect: async transport => {
      await server.connect(transport)
      naming(transport, key)
    },
    close: async () => { await server.close() }
  }
})

/** Adds a name of the session to each message, which this server wants of its host. */
function naming (transport, mcpSessionId) {
  const { onmessage } = transport
  transport.onmessage = (message, extra) => {
    const { method, params } = message
    const named = { ...message, params: { ...params, _meta: { ...params?._meta, mcpSessionId } } }
    onmessage(method === undefined ? message : named, extra)
  }
}
