import { EventEmitter, once } from 'node:events'
import { connect, createServer } from 'node:net'
import t from 'tap'
import { startChildServer } from '../dist/child-server.js'
import { connected } from '@holdfast/clients/connected'

const TOKENS = { HOLDFAST_BACKEND: 'memory', HOLDFAST_DEMO_TOKENS: 'tenant-a:swordfish,tenant-b:angelfish' }

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal} ends the process with code 0, with streams, a call and an unused connection open`, async t => {
    const server = await startChildServer(TOKENS)
    t.match(server.url.href, /^http:\/\/127\.0\.0\.1:[1-9]\d*\/mcp$/)
    const { client, transport } = await connected(t, server.url, { token: 'swordfish' })
    const steps = new EventEmitter()
    const countdown = { name: 'countdown', arguments: { steps: 5, intervalMs: 50 } }
    const settled = Promise.allSettled([client.callTool(countdown, undefined, {
      onprogress: ({ progress }) => steps.emit('step', progress)
    })])
    t.strictSame(await once(steps, 'step'), [1])
    const idle = connect(Number(server.url.port), server.url.hostname)
    t.teardown(() => idle.destroy())
    await once(idle, 'connect')
    const foreign = { authorization: 'Bearer angelfish', 'mcp-session-id': transport.sessionId ?? '' }
    t.equal((await fetch(server.url, { method: 'DELETE', headers: foreign })).status, 404)
    t.equal((await fetch(server.url, { method: 'DELETE', headers: { authorization: 'Bearer catfish' } })).status, 401)
    const [exited, ended] = [once(server.process, 'close'), once(idle, 'close')]
    server.process.kill(signal)
    t.strictSame(await exited, [0, null])
    await ended
    await client.close()
    await settled
    t.equal(server.output(), `listening on ${server.url.href}\n`, 'one line is printed')
    t.notMatch(server.log(), transport.sessionId, 'neither ids')
    t.notMatch(server.log(), /swordfish|angelfish|catfish/, 'nor tokens reach the log')
  })
}

t.test('a wrong environment stops the start and names every variable', async t => {
  await t.rejects(startChildServer({ HOLDFAST_BACKEND: 'floppy', HOLDFAST_MAX_LIVE: 'many' }), {
    message: /^the server did not start: HOLDFAST_BACKEND: expected .*\nHOLDFAST_MAX_LIVE: expected [^\n]*$/
  })
})

t.test('a port that is taken stops the start in one line', async t => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const { port } = other.address() as { port: number }
  await t.rejects(startChildServer({ PORT: String(port), HOLDFAST_BACKEND: 'memory' }), {
    message: /^the server did not start: .*EADDRINUSE[^\n]*$/
  })
})
