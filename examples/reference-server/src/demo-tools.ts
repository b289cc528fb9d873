import { setTimeout as pause } from 'node:timers/promises'
import { type McpSession, callOf } from '@holdfast/fastify'
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { CallToolResult, ElicitRequestFormParams } from '@modelcontextprotocol/sdk/types.js'
import * as schemas from './demo-schemas.js'
import { maskedKey } from './tenant-context.js'

const answerForm: ElicitRequestFormParams['requestedSchema'] = {
  type: 'object',
  properties: { answer: { type: 'string' } },
  required: ['answer']
}

/**
 * What a durable session is good for, one tool each.
 *
 * @param changed is called after the total of the session has changed
 */
export function addDemoTools (server: McpServer, session: McpSession, changed: () => Promise<void>): void {
  server.registerTool('counter', {
    description: "Adds to a total in the session's durable data",
    inputSchema: schemas.counterInput,
    outputSchema: schemas.counterOutput
  }, async ({ by }) => {
    const { total } = await session.update(data => { data.total = (data.total ?? 0) + by })
    await changed()
    return structured({ total, activated: session.activated, replica: session.replica })
  })

  server.registerTool('whoami', {
    description: 'What the server knows of its client',
    outputSchema: schemas.whoamiOutput
  }, extra => {
    const { client, capabilities, version: protocolVersion, principal } = callOf(extra)
    return structured({ client, capabilities, protocolVersion, principal, ...maskedKey(session) })
  })

  server.registerTool('countdown', {
    description: 'A long call that reports its progress step by step',
    inputSchema: schemas.countdownInput,
    outputSchema: schemas.countdownOutput
  }, async ({ steps, intervalMs, announce }, extra) => {
    const progressToken = extra._meta?.progressToken
    for (let progress = 1; progress <= steps; progress++) {
      await pause(intervalMs, undefined, { signal: extra.signal })
      if (progressToken !== undefined) {
        const params = { progressToken, progress, total: steps }
        await extra.sendNotification({ method: 'notifications/progress', params })
      }
    }
    if (announce !== undefined) await log(announce, extra.sessionId)
    return structured({ steps })
  })

  server.registerTool('ask', {
    description: 'Asks the user of the client',
    inputSchema: schemas.askInput,
    outputSchema: schemas.askOutput
  }, async ({ question }, { requestId, signal }) => {
    const request = { message: question, requestedSchema: answerForm }
    const { action, content } = await server.server.elicitInput(request, { relatedRequestId: requestId, signal })
    return structured(action === 'accept' ? { action, answer: content?.answer } : { action })
  })

  server.registerTool('announce', {
    description: 'Sends a log message that belongs to no call',
    inputSchema: schemas.announceInput,
    outputSchema: schemas.announceOutput
  }, async ({ text }, { sessionId }) => {
    await log(text, sessionId)
    return structured({})
  })

  async function log (text: string, sessionId: string | undefined): Promise<void> {
    await server.sendLoggingMessage({ level: 'info', logger: 'announce', data: text }, sessionId)
  }
}

function structured (structuredContent: Record<string, unknown>): CallToolResult {
  return { structuredContent, content: [{ type: 'text', text: JSON.stringify(structuredContent) }] }
}
