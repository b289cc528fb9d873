import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { RedisServer, replicated, until } from '@holdfast/real-redis'
import t from 'tap'
import { redis } from '../dist/index.js'

/** Sockets that are made by this process from now on. */
function socketsOf (t: Test, made: (amount: number) => void): Socket[] {
  const sockets: Socket[] = []
  const note = (message: unknown): void => {
    sockets.push((message as { socket: Socket }).socket)
    made(sockets.length)
  }
  subscribe('net.client.socket', note)
  t.teardown(() => { unsubscribe('net.client.socket', note) })
  return sockets
}

interface Test { teardown (close: () => void): void }

t.test('closing at any time while the backend connects through Sentinels leaves no connection', async (t) => {
  const { master, stop } = await replicated()
  const sentinel = await RedisServer.sentinel(master)
  t.teardown(async () => {
    await sentinel.stop()
    await stop()
  })
  const connection = { sentinels: [{ host: '127.0.0.1', port: sentinel.port }], name: 'main' }
  // The first socket asks the Sentinel, the second one goes to the master, a third one listens to the Sentinel.
  for (const last of [1, 2, 3]) {
    let close = (): void => {}
    const closed = new Promise<void>((resolve, reject) => { close = () => { backend.close().then(resolve, reject) } })
    const sockets = socketsOf(t, (amount) => { if (amount === last) process.nextTick(close) })
    const backend = redis({ connection, onWarning: () => {} })
    await closed
    await until('all are closed', async () => {
      const before = sockets.length
      const open = sockets.filter(({ closed }) => !closed)
      await setImmediate()
      return open.length === 0 && sockets.length === before
    })
    t.ok(sockets.length >= last)
  }
})
