import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { z } from 'zod'

// zod checks the arguments; the metadata is what tools/list shows, with keywords that zod itself never writes.
export const contact = z.strictObject({
  name: z.string().optional(),
  address: z.object({ street: z.string().optional(), city: z.string().optional() }).optional(),
  contactMethod: z.enum(['phone', 'email']).optional(),
  phone: z.string().optional(),
  email: z.string().optional()
}).refine(({ contactMethod, phone, email }) => (contactMethod === 'phone' ? phone : email) !== undefined, {
  error: 'the chosen contact method is missing'
}).meta({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } }
    }
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' }
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  then: { required: ['phone'] },
  else: { required: ['email'] }
})

/** A tool whose input schema uses the vocabulary of JSON Schema 2020-12. */
export function addJsonSchemaTool (server: McpServer): void {
  server.registerTool('json_schema_2020_12_tool', {
    description: 'Tool with JSON Schema 2020-12 features',
    inputSchema: contact
  }, args => ({ content: [{ type: 'text', text: JSON.stringify(args) }] }))
}
