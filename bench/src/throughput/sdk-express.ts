import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import type { Mode } from './contender.js'
import { sdkSessions } from './sdk-sessions.js'

export async function sdkExpress (mode: Mode): Promise<number> {
  const handle = sdkSessions(mode)
  const app = express()
  app.use(express.json())
  app.post('/mcp', async (request, response) => await handle(request, response, request.body))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
