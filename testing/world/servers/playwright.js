import { createConnection } from '@playwright/mcp'
import { serveServer } from '../src/serve-server.js'

// A page cannot be made again: the server lives as long as its session.
await serveServer(async () => {
  const server = await createConnection({ browser: { launchOptions: { headless: true } } })
  return { server, live: 'session', dispose: async () => await server.close() }
})
