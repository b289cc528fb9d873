import { fileURLToPath } from 'node:url'
import { serveServer } from '../src/serve-server.js'
import { upstream } from '../src/upstream.js'

process.env.SEARXNG_URL = await upstream({
  query: 'kelp', results: [{ title: 'Kelp', url: 'https://kelp.example', content: 'It holds fast', score: 1 }]
})
// Its package exports nothing by name.
const folder = new URL('../node_modules/mcp-searxng/dist/', import.meta.url)
const { createMcpServer, createToolAdmissionController } = await import(fileURLToPath(new URL('index.js', folder)))
const admission = createToolAdmissionController()

await serveServer(() => createMcpServer(admission))
