import { setTimeout as pause } from 'node:timers/promises'
import type { ModernServerInit } from '@holdfast/fastify'
import { contentResults } from '@holdfast/reference-server/conformance-content'
import { contact } from '@holdfast/reference-server/conformance-json-schema'
import { McpServer } from '@modelcontextprotocol/server'
import { nonceTool, runNonce } from './nonce-tool.js'
import { regionTool } from './region-tool.js'
import { addReturningTools } from './returning-tools.js'
import { addSharedPrompts } from './shared-prompts.js'
import { addSharedResources } from './shared-resources.js'
import { textResult } from './texts.js'

/** Milliseconds. */
const STEP = 50

/** A server of SDK v2 for all requests: the same tools, prompts and resources, in the style of revision 2026-07-28. */
export function createSharedServer ({ serverOptions, requestState }: ModernServerInit): McpServer {
  const server = new McpServer({ name: 'holdfast-shared-server', version: '0.0.0' }, {
    ...serverOptions, capabilities: { logging: {} }
  })
  for (const [name, result] of Object.entries(contentResults)) {
    server.registerTool(name, { description: result.description }, () => ({ content: result.content }))
  }
  server.registerTool('test_error_handling', { description: 'Always fails' }, () => {
    throw new Error('This tool intentionally returns an error for testing')
  })
  server.registerTool('json_schema_2020_12_tool', {
    description: 'Tool with JSON Schema 2020-12 features', inputSchema: contact
  }, args => textResult(JSON.stringify(args)))
  server.registerTool('test_region', regionTool, ({ region }) => textResult(region))
  server.registerTool('test_logging_tool', { description: 'Logs, then answers' }, async ({ mcpReq }) => {
    await mcpReq.log('info', 'It runs')
    return textResult('logged')
  })
  server.registerTool('test_tool_with_progress', { description: 'Reports its progress' }, async ({ mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken
    for (const progress of [0, 50, 100]) {
      if (progress > 0) await pause(STEP)
      if (progressToken !== undefined) {
        await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } })
      }
    }
    return textResult('Tool with progress executed')
  })
  server.registerTool('nonce', nonceTool, async (args, ctx) => await runNonce(args, ctx, {
    progressToken: ctx.mcpReq._meta?.progressToken, signal: ctx.mcpReq.signal, notify: ctx.mcpReq.notify
  }))
  addReturningTools(server, requestState)
  addSharedPrompts(server)
  addSharedResources(server)
  return server
}
