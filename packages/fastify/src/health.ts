import type { FastifyInstance } from 'fastify'
import type { Sessions } from '@holdfast/core'

/** Why requests should go to another process. */
export type Unready = 'closing' | 'restoring' | 'backend'

/** Adds `<path>/live` and `<path>/ready`, for the probes of an orchestrator and of a balancer. */
export function health (app: FastifyInstance, path: string, unready: () => Promise<Unready | undefined>): void {
  const route = { config: { holdfast: 'health' } } as const
  app.get(`${path}/live`, route, async () => ({ status: 'live' }))
  app.get(`${path}/ready`, route, async (_, reply) => {
    const reason = await unready()
    if (reason === undefined) return { status: 'ready' }
    return await reply.code(503).header('retry-after', '1').send({ status: 'unready', reason })
  })
}

/** Checks the backend with each call. Undefined when this process is ready. */
export async function readiness (sessions: Sessions, closing: boolean): Promise<Unready | undefined> {
  if (closing) return 'closing'
  if (sessions.incomplete) return 'restoring'
  return (await sessions.health()).state === 'unhealthy' ? 'backend' : undefined
}

const LEVELS = { healthy: 'info', degraded: 'warn', unhealthy: 'error' } as const

/** Checks the backend at each interval, and logs when its state changes. */
export function watchHealth (
  { log }: FastifyInstance, sessions: Sessions, interval: number
): { start: () => void, stop: () => void } {
  sessions.on('health', health => { log[LEVELS[health.state]](health, `holdfast: the backend is ${health.state}`) })
  let timer: NodeJS.Timeout | undefined
  return {
    start: () => { timer = setInterval(() => { void sessions.health() }, interval).unref() },
    stop: () => { clearInterval(timer) }
  }
}
