import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { fleet } from './fixtures/fleet.js'
import { eventually, turns } from '@holdfast/waiting'
import type { Made } from './fixtures/server.js'

const tell = async ({ server }: Made, data: unknown): Promise<void> =>
  await server.server.sendLoggingMessage({ level: 'info', data })

t.test('a server that speaks while its client listens stays live, and gives way when room is needed', async (t) => {
  const f = await fleet(t, { dormantAfter: 1_000, maxLive: 1 })
  const client = await f.client().begin()
  const { events } = await client.get()
  const [made] = f.made as [Made]
  const began = performance.now()
  while (performance.now() - began < 2_500) {
    await tell(made, 'tick')
    t.equal((await events.message()).params.data, 'tick')
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  t.same(made.disposed, [])
  await f.client().begin()
  t.same(made.disposed, ['dormant'])
  events.close()
})

t.test('a server that speaks while nobody listens becomes dormant', async (t) => {
  const f = await fleet(t, { dormantAfter: 40 })
  await f.client().begin()
  const [made] = f.made as [Made]
  while (made.disposed.length === 0) {
    await tell(made, 'tick')
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  t.same(made.disposed, ['dormant'])
})

t.test('it does not matter on which replica the client listens', async (t) => {
  const f = await fleet(t, { dormantAfter: 1_000, replicas: 2 })
  const client = await f.client().begin()
  const { events } = await client.at(f.second.endpoint).get()
  const [made] = f.made as [Made]
  const published = (): number => f.second.weather.calls.filter(call => call === 'bus.publish').length
  const before = published()
  const began = performance.now()
  let told = 0
  while (performance.now() - began < 2_500) {
    await tell(made, told++)
    await events.message()
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  t.same(made.disposed, [])
  t.ok(published() - before < told / 2, `${published() - before} answers to ${told} messages`)
  events.close()
  await eventually(() => made.disposed.length > 0)
})

t.test('speaking extends no session', async (t) => {
  let now = 1_000_000
  const f = await fleet(t, { memory: { now: () => now }, sessions: { ttl: { idle: 1_000 } } })
  const client = await f.client().begin()
  for (let step = 0; step < 3; step++) {
    await tell(f.made[0] as Made, step)
    now += 400
  }
  t.equal((await client.do('hello')).status, 404)
})

t.test('what a server says after its session let it go is dropped, with one warning', async (t) => {
  for (const reason of ['dormant', 'terminated', 'closing'] as const) {
    const f = await fleet(t, { maxLive: 1 })
    const client = await f.client().begin({ elicitation: {}, roots: {} })
    const [{ server, disposed }] = f.made as [Made]
    if (reason === 'dormant') await f.client().begin()
    if (reason === 'terminated') await client.delete()
    if (reason === 'closing') await f.first.endpoint.close()
    await eventually(() => disposed.length > 0)
    t.same(disposed, [reason])
    for (let n = 0; n < 3; n++) await server.server.sendLoggingMessage({ level: 'info', data: n })
    server.sendToolListChanged()
    t.match(await server.server.elicitInput({ message: '?', requestedSchema: { type: 'object', properties: {} } }), {
      action: 'cancel'
    })
    t.same(await server.server.listRoots(), { roots: [] })
    t.same(await server.server.ping(), {})
    await t.rejects(server.server.request({
      method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 }
    } as any, {} as any))
    await turns()
    t.match(f.first.errors, [/dispose/])
    t.equal(f.first.errors.length, 1)
    t.notMatch(String(f.first.errors), client.id as string)
  }
})

t.test('a server that closed itself is heard no more', async (t) => {
  const f = await fleet(t, { scripts: { hello: () => 'hi' } })
  const client = await f.client().begin()
  const [made] = f.made as [Made]
  await made.server.close()
  await tell(made, 'x')
  t.equal((await client.do('hello')).status, 200, 'its session goes on')
  t.same(made.disposed, ['dormant'])
  t.equal(made.closed, 1)
  t.match(f.first.errors, [/dispose/])
})

t.test('questions that are open when a server is let go do not reject, where MCP has an answer', async (t) => {
  const f = await fleet(t)
  const client = await f.client().begin({ elicitation: {} })
  const [made] = f.made as [Made]
  const asked = made.server.server.elicitInput({ message: '?', requestedSchema: { type: 'object', properties: {} } })
  await turns()
  await client.delete()
  t.match(await asked, { action: 'cancel' })
})

t.test('a server that cannot be connected again is let go all the same', async (t) => {
  let connected = 0
  const f = await fleet(t, {
    createServer: () => ({
      connect: async transport => {
        if (connected++ > 0) throw new Error('once')
        transport.onclose = () => {}
        transport.onmessage = (message: any) => {
          if (message.method === 'initialize') {
            void transport.send({
              jsonrpc: '2.0',
              id: message.id,
              result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'x', version: '1' } }
            })
          }
        }
      },
      close: async () => {}
    })
  })
  const client = await f.client().begin()
  t.equal((await client.delete()).status, 200)
  t.equal(connected, 2)
  t.same(f.first.errors, [])
})

t.test('a process goes on although timers of servers that were let go speak', async (t) => {
  const program = `
    import { Sessions } from '@holdfast/core'
    import { memory } from '@holdfast/memory'
    import { Endpoint } from '@holdfast/transport'
    import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
    const sessions = new Sessions({ backend: memory() })
    let warnings = 0
    sessions.on('error', () => { warnings++ })
    let ticks = 0
    const timers = []
    const endpoint = new Endpoint({
      sessions, serverOptions: {}, responseMode: 'auto', maxLive: 10, maxBuffered: 262144, streamAfter: 500,
      retry: 1000, standaloneRetry: 5000, keepAlive: 15000, dormantAfter: 20, factoryTimeout: 10000, heartbeat: 5000,
      callTimeout: 60000, stallTimeout: 30000, maxCalls: 100, maxOpenStreams: 16, maxSubscriptions: 1000,
      createServer () {
        const server = new McpServer({ name: 'ticking', version: '1' }, { capabilities: { logging: {} } })
        timers.push(setInterval(() => {
          ticks++
          server.server.sendLoggingMessage({ level: 'info', data: 'tick' })
        }, 2))
        return server
      }
    })
    await endpoint.start()
    const reply = await endpoint.post({
      headers: {}, url: 'http://127.0.0.1/mcp', principal: null, isGone: () => false,
      body: {
        jsonrpc: '2.0', id: 1, method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } }
      }
    })
    while (endpoint.liveCount > 0) await new Promise(resolve => setTimeout(resolve, 5))
    const before = ticks
    while (ticks < before + 10) await new Promise(resolve => setTimeout(resolve, 5))
    await endpoint.close()
    for (const timer of timers) clearInterval(timer)
    console.log(JSON.stringify({ status: reply.status, warnings }))
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: new URL('.', import.meta.url), stdio: ['ignore', 'pipe', 'inherit']
  })
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  t.equal(code, 0)
  t.same(JSON.parse(said), { status: 200, warnings: 1 })
})
