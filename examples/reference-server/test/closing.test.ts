import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { startChildServer } from '../dist/child-server.js'

t.test('a peer whose body never comes does not keep the process, also where there is no route', async t => {
  for (const path of ['/nowhere', '/mcp', '/health/live']) {
    const server = await startChildServer({ HOLDFAST_BACKEND: 'memory', HOLDFAST_DRAIN_TIMEOUT: '100ms' })
    t.teardown(async () => { await server.kill() })
    const socket = connect(Number(server.url.port), server.url.hostname)
    t.teardown(() => { socket.destroy() })
    socket.on('error', () => {})
    await once(socket, 'connect')
    const headers = [`host: ${server.url.host}`, 'content-type: application/json', 'content-length: 1000']
    socket.write(`POST ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n{`)
    await (await fetch(new URL('/health/live', server.url))).text() // what came before it is read by now
    t.equal(await Promise.race([server.stop(), pause(20_000, 'still there', { ref: false })]), 0, path)
  }
})
