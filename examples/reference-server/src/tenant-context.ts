import type { HoldfastOptions, McpSession } from '@holdfast/fastify'

/** What a tenant lends to its session: the key of an API that the tools would call on its behalf. */
interface TenantContext { apiKey?: string }

/** Read from the header `x-api-key` of `initialize`, kept with the session, and sealed as it is. */
export const tenantContext: NonNullable<HoldfastOptions['context']> = {
  schema: {
    type: 'object',
    properties: { apiKey: { type: 'string', minLength: 8, maxLength: 256 } },
    additionalProperties: false
  },
  resolve: ({ headers }) => {
    const apiKey = headers['x-api-key']
    return typeof apiKey === 'string' ? { apiKey } : {}
  }
}

/** As much of the key as may be shown. */
export function maskedKey ({ context }: McpSession): TenantContext {
  const { apiKey } = context as TenantContext
  return apiKey === undefined ? {} : { apiKey: `…${apiKey.slice(-4)}` }
}
