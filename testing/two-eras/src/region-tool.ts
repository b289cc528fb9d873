import { z } from 'zod'

export const regionTool = {
  description: 'Has an argument that travels in a header',
  inputSchema: z.object({ region: z.string().meta({ 'x-mcp-header': 'Region' }) })
}
