import type { FastifyInstance } from 'fastify'
import type { Sessions } from '@holdfast/core'

/** Why requests should go elsewhere; `undefined` when there is nothing against this process. */
export type Unready = 'closing' | 'restoring' | 'backend'

/** `<path>/live` and `<path>/ready`, for whoever restarts processes and decides where requests go. */
export function health (app: FastifyInstance, path: string, unready: () => Promise<Unready | undefined>): void {
  const route = { config: { holdfast: 'health' } } as const
  app.get(`${path}/live`, route, async () => ({ status: 'live' }))
  app.get(`${path}/ready`, route, async (_, reply) => {
    const reason = await unready()
    return reason === undefined ? { status: 'ready' } : await reply.code(503).header('retry-after', '1').send({ status: 'unready', reason })
  })
}

/** Asks the backend each time. */
export async function readiness (sessions: Sessions, closing: boolean): Promise<Unready | undefined> {
  if (closing) return 'closing'
  if (sessions.incomplete) return 'restoring'
  return (await sessions.health()).state === 'unhealthy' ? 'backend' : undefined
}

const LEVELS = { healthy: 'info', degraded: 'warn', unhealthy: 'error' } as const

/** Looks at the backend again and again, and logs when it has become better or worse. */
export function watchHealth ({ log }: FastifyInstance, sessions: Sessions, interval: number): { start: () => void, stop: () => void } {
  sessions.on('health', health => { log[LEVELS[health.state]](health, `holdfast: the backend is ${health.state}`) })
  let timer: NodeJS.Timeout | undefined
  return {
    start: () => { timer = setInterval(() => { void sessions.health() }, interval).unref() },
    stop: () => { clearInterval(timer) }
  }
}
