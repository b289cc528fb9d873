import type { CreateServer } from '@holdfast/fastify'
import { createServer as createReferenceServer } from '@holdfast/reference-server/mcp-server'
import { nonceTool, runNonce } from './nonce-tool.js'
import { regionTool } from './region-tool.js'
import { textResult } from './texts.js'
import { addWaitingTools } from './waiting-tools.js'

/**
 * A server of SDK v1, for one session or behind the bridge: that of the reference server, with handlers that wait for
 * answers of their client, and with what the suite for revision 2026-07-28 asks for besides.
 */
export const createBridgedServer: CreateServer = (session, init) => {
  const server = createReferenceServer(session, init)
  addWaitingTools(server)
  server.registerTool('test_logging_tool', { description: 'Logs, then answers' }, async ({ sendNotification }) => {
    await sendNotification({ method: 'notifications/message', params: { level: 'info', data: 'It runs' } })
    return textResult('logged')
  })
  server.registerTool('test_region', regionTool, ({ region }) => textResult(region))
  server.registerTool('nonce', nonceTool, async (args, extra) => await runNonce(args, extra, {
    progressToken: extra._meta?.progressToken, signal: extra.signal, notify: extra.sendNotification
  }))
  return server
}
