import { z } from 'zod'

// Built once, not once per session: a server whose factory builds its schemas costs several times the memory and time.

export const counterInput = z.object({ by: z.int().default(1).describe('What to add') })
export const counterOutput = z.object({
  total: z.number(),
  activated: z.boolean().describe('This server object continues a session that was dormant'),
  replica: z.string().describe('The process that answered')
})

export const whoamiOutput = z.object({
  client: z.looseObject({ name: z.string(), version: z.string() }),
  capabilities: z.record(z.string(), z.unknown()),
  protocolVersion: z.string(),
  principal: z.looseObject({ subject: z.string() }).nullable(),
  apiKey: z.string().optional().describe('The end of the key that came with `initialize`')
})

export const countdownInput = z.object({
  steps: z.int().min(1).max(1_000),
  intervalMs: z.int().min(0).max(60_000),
  announce: z.string().optional().describe('A log message that belongs to no call, after the last step')
})
export const countdownOutput = z.object({ steps: z.int() })

export const askInput = z.object({ question: z.string() })
export const askOutput = z.object({
  action: z.enum(['accept', 'decline', 'cancel']),
  answer: z.string().optional()
})

export const announceInput = z.object({ text: z.string() })
export const announceOutput = z.object({})
