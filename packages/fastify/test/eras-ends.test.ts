import { once } from 'node:events'
import { connect } from 'node:http2'
import { type AddressInfo, connect as connectSocket } from 'node:net'
import t from 'tap'
import { z } from 'zod'
import { modernHeaders, modernRequest } from '@holdfast/clients/modern'
import { McpServer } from '@modelcontextprotocol/server'
import type { HoldfastOptions, ModernServerInit } from '../dist/index.js'
import { latch } from './fixtures/latch.js'
import { modern, modernCall } from './fixtures/modern.js'
import { valueOf } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { type Tools, echo, elicit, serving } from './fixtures/tools.js'

const scene = () => ({ running: latch(), cancelled: latch(), gate: latch() })
type Scene = ReturnType<typeof scene>

async function wait ({ running, cancelled, gate }: Scene, signal: AbortSignal): Promise<string> {
  signal.addEventListener('abort', () => { cancelled.open() })
  running.open()
  await Promise.race([gate.opened, cancelled.opened])
  return 'done'
}

const MODES: Record<string, (scene: Scene) => Partial<HoldfastOptions>> = {
  bridge: scene => ({
    createServer: serving({ ...echo, wait: async ({ extra }) => await wait(scene, extra.signal) }), modern: 'auto'
  }),
  'a shared server': scene => ({
    modern: {
      server: ({ serverOptions }: ModernServerInit) => {
        const server = new McpServer({ name: 'shared', version: '1' }, serverOptions)
        server.registerTool('wait', { inputSchema: z.looseObject({}) }, async (_, ctx) => ({
          content: [{ type: 'text', text: JSON.stringify(await wait(scene, ctx.mcpReq.signal)) }]
        }))
        return server
      }
    }
  })
}

const request = modernRequest('tools/call', { name: 'wait', arguments: {} })
const requestHeaders = {
  accept: 'application/json, text/event-stream', 'content-type': 'application/json', ...modernHeaders(request)
}
const capabilities = { elicitation: {} }

for (const [name, options] of Object.entries(MODES)) {
  for (const after of ['1h', 1] as const) {
    const form = after === 1 ? 'a stream' : 'JSON'

    t.test(`a client that disconnects cancels its call: ${name}, HTTP/1.1, ${form}`, async t => {
      const acting = scene()
      const { url } = await start(t, { ...options(acting), streams: { after } })
      const socket = connectSocket(Number(url.port), '127.0.0.1')
      const body = JSON.stringify(request)
      const headers = { host: url.host, 'content-length': String(body.length), ...requestHeaders }
      const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}`).join('\r\n')
      socket.write(`POST /mcp HTTP/1.1\r\n${head}\r\n\r\n${body}`)
      await acting.running.opened
      if (after === 1) await once(socket, 'data')
      socket.destroy()
      await acting.cancelled.opened
      t.pass('cancelled')
    })

    t.test(`a client that resets its stream cancels its call: ${name}, HTTP/2, ${form}`, async t => {
      const acting = scene()
      const { app } = await start(t, { ...options(acting), streams: { after } }, { fastify: { http2: true } as object })
      const session = connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
      t.teardown(() => { session.destroy() })
      const stream = session.request({ ':method': 'POST', ':path': '/mcp', ...requestHeaders })
      stream.on('error', () => {})
      stream.end(JSON.stringify(request))
      await acting.running.opened
      if (after === 1) await once(stream, 'response')
      stream.close(8)
      await acting.cancelled.opened
      t.notOk(session.destroyed, 'the connection goes on')
    })
  }

  t.test(`a closing app lets modern calls finish: ${name}`, async t => {
    const acting = scene()
    const fastify = { forceCloseConnections: false, return503OnClosing: false }
    const { url, app } = await start(t, { ...options(acting), shutdown: { timeout: '10s' } }, { fastify })
    const call = modernCall(url, 'wait')
    await acting.running.opened
    const closing = app.close()
    acting.gate.open()
    t.equal(valueOf(await call), 'done')
    await closing
  })

  t.test(`what still runs after shutdown.timeout is answered: ${name}`, async t => {
    const acting = scene()
    const { url, app } = await start(
      t, { ...options(acting), shutdown: { timeout: 30 } }, { fastify: { forceCloseConnections: false } }
    )
    const answer = modern(url, request)
    await acting.running.opened
    await app.close()
    const response = await answer
    t.equal(response.status, 503)
    t.match(await response.json(), { id: 1, error: { code: -32603, message: /has ended; call again/ } })
    await acting.cancelled.opened
  })
}

t.test('a parked call of an app that closes gets the honest error from another one', async t => {
  const { memory } = await import('@holdfast/memory')
  const backend = memory()
  const ask: Tools = { ask: async call => await elicit(call, 'sure?') }
  const options = {
    createServer: serving(ask), modern: 'auto' as const, backend, keys: `k1:${Buffer.alloc(32, 1).toString('base64')}`
  }
  const first = await start(t, options)
  const second = await start(t, options)
  const asking = modernRequest('tools/call', { name: 'ask', arguments: {} }, { capabilities })
  const { result } = await (await modern(first.url, asking)).json() as any
  t.equal(result.resultType, 'input_required')
  const [key] = Object.keys(result.inputRequests)
  const retry = (at: URL): Promise<Response> => {
    const { requestState } = result
    const inputResponses = { [key as string]: { action: 'accept', content: {} } }
    const params = { name: 'ask', arguments: {}, requestState, inputResponses }
    return modern(at, modernRequest('tools/call', params, { capabilities, id: 2 }))
  }
  await first.app.close()
  t.match(await (await retry(second.url)).json(), { id: 2, error: { code: -32603, message: /has ended; call again/ } })
})

t.test('a parked call is answered through another app', async t => {
  const { memory } = await import('@holdfast/memory')
  const options = {
    createServer: serving({ ask: async call => await elicit(call, 'sure?') }),
    modern: 'auto' as const,
    backend: memory(),
    keys: `k1:${Buffer.alloc(32, 1).toString('base64')}`
  }
  const first = await start(t, options)
  const second = await start(t, options)
  const asking = modernRequest('tools/call', { name: 'ask', arguments: {} }, { capabilities })
  const { result: { inputRequests, requestState } } = await (await modern(first.url, asking)).json() as any
  const inputResponses = { [Object.keys(inputRequests)[0] as string]: { action: 'accept', content: { a: 1 } } }
  const params = { name: 'ask', arguments: {}, requestState, inputResponses }
  const answered = await modern(second.url, modernRequest('tools/call', params, { capabilities, id: 2 }))
  t.match(valueOf(await answered.json()), { action: 'accept', content: { a: 1 } })
})
