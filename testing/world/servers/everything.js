import { createServer } from '@modelcontextprotocol/server-everything/dist/server/index.js'
import { serveServer } from '../src/serve-server.js'

await serveServer(() => createServer())
