import { setTimeout as pause } from 'node:timers/promises'
import { callOf } from '@holdfast/fastify'
import { z } from 'zod'
import { type TextResult, textResult } from './texts.js'

const inputSchema = z.object({
  nonce: z.string().max(64),
  /** Milliseconds that the call takes. */
  pause: z.int().min(0).max(60_000).default(0),
  /** How often it says its nonce before it answers, when its client asked for progress. */
  says: z.int().min(0).max(10).default(0)
})

export const nonceTool = { description: 'Gives back what it got, and who asked', inputSchema }

interface Progress {
  method: 'notifications/progress'
  params: { progressToken: string | number, progress: number, message: string }
}

/** What a handler of either SDK can do for its call. */
interface Call {
  progressToken: string | number | undefined
  signal: AbortSignal
  notify: (notification: Progress) => Promise<void>
}

/** @param extra the last argument of the handler */
export async function runNonce (
  { nonce, pause: ms, says }: z.infer<typeof inputSchema>, extra: object, { progressToken, signal, notify }: Call
): Promise<TextResult> {
  if (progressToken !== undefined) {
    for (let progress = 1; progress <= says; progress++) {
      await notify({ method: 'notifications/progress', params: { progressToken, progress, message: nonce } })
    }
  }
  if (ms > 0) await pause(ms, undefined, { signal })
  const { principal, client, era } = callOf(extra)
  return textResult(JSON.stringify({ nonce, subject: principal?.subject, client: client?.name, era }))
}
