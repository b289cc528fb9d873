import type { HoldfastOptions } from '@holdfast/fastify'
import { addDemoTools } from '@holdfast/reference-server/demo-tools'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { z } from 'zod'

/** What `count` says on the standalone stream. */
export function announcement ({ total, pid }: { total: number, pid: number }): string {
  return `${pid} counted to ${total}`
}

const countOutput = z.object({ total: z.number(), pid: z.number().describe('The worker that answered') })

/** The server of one session: the demo tools, and one that says which worker it ran in. */
export const createServer: HoldfastOptions['createServer'] = (session, { serverOptions }) => {
  const server = new McpServer({ name: 'all-cores', version: '0.0.0' }, {
    ...serverOptions,
    capabilities: { logging: {} }
  })
  addDemoTools(server, session, async () => {})
  server.registerTool('count', {
    description: "Adds one to a total in the session's durable data, and announces it",
    outputSchema: countOutput
  }, async ({ sessionId }) => {
    const { total } = await session.update(data => { data.total = (data.total ?? 0) + 1 })
    const structuredContent = { total, pid: process.pid }
    await server.sendLoggingMessage({ level: 'info', data: announcement(structuredContent) }, sessionId)
    return { structuredContent, content: [{ type: 'text', text: JSON.stringify(structuredContent) }] }
  })
  return server
}
