import { generateKey } from '@holdfast/fastify'
import { Child } from '../child.js'
import { median } from '../statistics.js'
import { check } from '../throughput/call.js'
import { Connection } from '../throughput/connection.js'
import { type Session, callIn, openSession } from '../throughput/session.js'
import type { Figure } from './figure.js'

const TIMES = 5
/** Sessions that are written right before a kill, so that the file has something to recover. */
const WRITTEN = 2000
const FIRST_CALL = 1_000_000

interface Started { port: number, opened: number }

/** How long a session is away when the process that serves it is killed and another one is started at once. */
export async function kill (path: string, where: string): Promise<Figure[]> {
  const keys = generateKey('k1')
  const start = async (records: number): Promise<{ child: Child, port: number, opened: number }> => {
    const child = new Child(new URL('kill-app.js', import.meta.url))
    return { child, ...await child.ask<Started>('start', { path, keys, records }) }
  }
  let server = await start(WRITTEN)
  const clean = server.opened
  const { id } = await openSession(server.port)
  const away: number[] = []
  const opened: number[] = []
  for (let time = 0; time < TIMES; time++) {
    await call({ port: server.port, id }, FIRST_CALL + 2 * time)
    await server.child.kill()
    const killed = performance.now()
    server = await start(0)
    await call({ port: server.port, id }, FIRST_CALL + 2 * time + 1)
    away.push(performance.now() - killed)
    opened.push(server.opened)
    if (time === TIMES - 1) break
    await server.child.stop()
    server = await start(WRITTEN)
  }
  await server.child.stop()
  return [
    { what: `opening ${where}`, value: clean, unit: 'ms', target: 50 },
    { what: `opening ${where}, after kill -9`, value: median(opened), unit: 'ms' },
    { what: `from kill -9 to the first answer, with the start of Node.js, ${where}`, value: median(away), unit: 'ms' }
  ]
}

async function call (session: Session, id: number): Promise<void> {
  const connection = await Connection.open(session.port)
  check(await connection.exchange(callIn(session)(id)), id, ['application/json'])
  connection.close()
}
