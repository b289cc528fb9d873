import { z } from 'zod'

/** The argument travels in the header `Mcp-Param-Region`, too. */
export const regionInput = z.object({ region: z.string().meta({ 'x-mcp-header': 'Region' }) })

export const nonceInput = z.object({
  nonce: z.string().max(64),
  /** Milliseconds that the call takes. */
  pause: z.int().min(0).max(60_000).default(0),
  /** How often it says its nonce before it answers, when its client asked for progress. */
  says: z.int().min(0).max(10).default(0)
})
