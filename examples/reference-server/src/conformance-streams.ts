import { setTimeout as pause } from 'node:timers/promises'
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'

const STEP = 50

/** Tools that send something before their result, or close their stream and finish on the next one. */
export function addStreamTools (server: McpServer): void {
  server.registerTool('test_tool_with_logging', { description: 'Logs three times while it runs' }, async extra => {
    const log = async (data: string): Promise<void> =>
      await extra.sendNotification({ method: 'notifications/message', params: { level: 'info', data } })
    await log('Tool execution started')
    await pause(STEP)
    await log('Tool processing data')
    await pause(STEP)
    await log('Tool execution completed')
    return text('Tool with logging executed')
  })

  server.registerTool('test_tool_with_progress', { description: 'Reports its progress' }, async extra => {
    const progressToken = extra._meta?.progressToken
    for (const progress of [0, 50, 100]) {
      if (progress > 0) await pause(STEP)
      if (progressToken !== undefined) {
        const params = { progressToken, progress, total: 100 }
        await extra.sendNotification({ method: 'notifications/progress', params })
      }
    }
    return text('Tool with progress executed')
  })

  server.registerTool('test_reconnection', {
    description: 'Closes its stream while it runs; the client reconnects for the result'
  }, async extra => {
    extra.closeSSEStream?.()
    await pause(2 * STEP)
    return text('Reconnection test completed')
  })
}

function text (text: string): { content: [{ type: 'text', text: string }] } {
  return { content: [{ type: 'text', text }] }
}
