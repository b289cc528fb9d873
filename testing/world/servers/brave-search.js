import config from '@brave/brave-search-mcp-server/dist/config.js'
import createServer from '@brave/brave-search-mcp-server/dist/server.js'
import { serveServer } from '../src/serve-server.js'
import { redirect, upstream } from '../src/upstream.js'

redirect('https://api.search.brave.com', await upstream({
  type: 'search',
  web: { type: 'search', results: [{ title: 'Kelp', url: 'https://kelp.example', description: 'It holds fast' }] }
}))
config.braveApiKey = 'a-key'

await serveServer(() => createServer())
