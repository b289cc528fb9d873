import { upstream } from '../src/upstream.js'
import { serveServer } from '../src/serve-server.js'

process.env.APIFY_API_BASE_URL = await upstream({
  data: { total: 1, offset: 0, limit: 10, desc: true, count: 1, items: [{ id: 'kelp', status: 'SUCCEEDED' }] }
})
const { ActorsMcpServer } = await import('@apify/actors-mcp-server')
const { InMemoryTaskStore } = await import('@modelcontextprotocol/sdk/experimental/tasks')
const { ApifyClient } = await import('@apify/actors-mcp-server/internals')
const token = 'a-token'

await serveServer(async () => {
  const server = new ActorsMcpServer({
    transportType: 'http',
    taskStore: new InMemoryTaskStore(),
    telemetry: { enabled: false },
    token,
    setupSigintHandler: false
  })
  await server.loadToolsFromInput({ tools: ['runs'] }, new ApifyClient({ token }))
  return server
})
