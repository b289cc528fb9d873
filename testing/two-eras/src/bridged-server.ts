import { setTimeout as pause } from 'node:timers/promises'
import { type CreateServer, callOf } from '@holdfast/fastify'
import { createServer as createReferenceServer } from '@holdfast/reference-server/mcp-server'
import type { ProgressToken } from '@modelcontextprotocol/sdk/types.js'
import { addAskingTools } from './asking-tools.js'
import { nonceInput, regionInput } from './schemas.js'
import { textResult } from './texts.js'

/**
 * A server of SDK v1, for one session or behind the bridge: that of the reference server, with handlers that wait for
 * answers of their client, and with what the suite for revision 2026-07-28 asks for besides.
 */
export const createBridgedServer: CreateServer = (session, init) => {
  const server = createReferenceServer(session, init)
  addAskingTools(server)
  server.registerTool('test_logging_tool', { description: 'Logs, then answers' }, async ({ sendNotification }) => {
    await sendNotification({ method: 'notifications/message', params: { level: 'info', data: 'It runs' } })
    return textResult('logged')
  })
  server.registerTool('test_region', {
    description: 'Has an argument that travels in a header', inputSchema: regionInput
  }, ({ region }) => textResult(region))
  server.registerTool('nonce', {
    description: 'Gives back what it got, and who asked', inputSchema: nonceInput
  }, async (args, extra) => {
    const progressToken = extra._meta?.progressToken
    const says = progressToken === undefined ? 0 : args.says
    for (let progress = 1; progress <= says; progress++) {
      const params = { progressToken: progressToken as ProgressToken, progress, message: args.nonce }
      await extra.sendNotification({ method: 'notifications/progress', params })
    }
    if (args.pause > 0) await pause(args.pause, undefined, { signal: extra.signal })
    const { principal, client, era } = callOf(extra)
    return textResult(JSON.stringify({ nonce: args.nonce, subject: principal?.subject, client: client?.name, era }))
  })
  return server
}
