import type { CreateServer } from '@holdfast/transport'
import t from 'tap'
import { HoldfastError, InvalidOptionError, Sessions } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { inspect } from 'node:util'
import { bridge } from '../dist/index.js'
import { ADA, fleet } from './fixtures/bridge-fleet.js'
import { Gate, eventually } from '@holdfast/waiting'
import { type Made, text, v1 } from './fixtures/servers.js'

/** Makes a server when the gate opens. */
function gated (gate: Gate, made: Made[]): CreateServer {
  const make = v1({}, made)
  return async (session, shared) => {
    await gate.passed
    return await make(session, shared)
  }
}

t.test('options', async (t) => {
  const sessions = new Sessions({ backend: memory() })
  const createServer = v1({})
  for (const [option, value] of Object.entries({
    createServer: 7,
    per: 'x',
    maxLive: 0,
    dormantAfter: 'x',
    factoryTimeout: -1,
    parkTimeout: 0,
    maxParked: 1.5,
    maxParkedPerOwner: 0,
    heartbeat: 'x'
  })) {
    t.throws(() => bridge({ createServer, sessions, [option]: value } as never), { path: option } as never, option)
  }
  t.throws(() => bridge({ createServer, sessions: undefined } as never), InvalidOptionError)
  t.ok(bridge({ createServer, sessions }))
})

t.test('a factory that fails', async (t) => {
  const failures: Record<string, () => any> = {
    throws: () => { throw new Error('secret') },
    'makes no server': () => 7,
    'makes a server that closes itself': () => {
      const server = new McpServer({ name: 'x', version: '1' })
      const connect = async (transport: any): Promise<void> => {
        await server.connect(transport)
        await server.close()
      }
      return { connect, close: async () => {} }
    },
    'makes a server that throws at the handshake': () => ({
      connect: async (transport: any) => { transport.onmessage = () => { throw new Error('no') } },
      close: async () => {}
    }),
    'closes its server': () => {
      const server = new McpServer({ name: 'x', version: '1' })
      server.server.oninitialized = () => { void server.close() }
      return server
    }
  }
  for (const [what, createServer] of Object.entries(failures)) {
    const { first } = await fleet(t, { createServer })
    const outcome = await first.do('x', { principal: ADA })
    t.match(outcome, { status: 500, error: { code: -32603, message: 'Internal error' } }, what)
    await eventually(() => first.bridge.liveCount === 0)
  }
})

t.test('a factory that is too slow', async (t) => {
  const gate = new Gate()
  const made: Made[] = []
  const { first } = await fleet(t, { createServer: gated(gate, made), factoryTimeout: 20 })
  t.match(await first.do('x'), { status: 503 })
  gate.open()
  await eventually(() => made[0]?.disposed.length === 1)
  t.equal(made[0]?.closed, 1, 'its server is closed when it comes')
})

t.test('a client that says nonsense of itself', async (t) => {
  const { first } = await fleet(t, { createServer: v1({}) })
  t.match(await first.do('x', { capabilities: { elicitation: 7 } as never }), {
    error: { code: -32602, message: /clientCapabilities/ }, status: 400
  })
})

t.test('a context that the application refuses', async (t) => {
  const { first } = await fleet(t, { createServer: v1({}) })
  const context = (): never => { throw Object.assign(new Error('No tenant'), { statusCode: 403 }) }
  t.match(await first.do('x', { context }), { status: 403, error: { message: 'No tenant' } })
})

t.test('a context is resolved in each call', async (t) => {
  const { first } = await fleet(t, { createServer: v1({ context: ({ session }) => session.context }) })
  let token = 0
  const asked = { principal: ADA, context: async () => ({ token: ++token }) }
  t.equal(text(await first.do('context', asked)), '{"token":1}')
  t.equal(text(await first.do('context', asked)), '{"token":2}')
})

t.test('a client that goes away while its server is made', async (t) => {
  const gate = new Gate()
  const made: Made[] = []
  const { first } = await fleet(t, { createServer: gated(gate, made) })
  const attempt = first.begin({ name: 'do', arguments: { what: 'x' }, principal: ADA })
  const context = async (): Promise<never> => await gate.passed as never
  const early = first.begin({ name: 'do', arguments: { what: 'x' }, principal: ADA, context })
  await new Promise(resolve => setImmediate(resolve))
  attempt.leave()
  early.leave()
  gate.open()
  await eventually(() => made.length === 1 && made[0]?.session.principal === null)
  t.equal(attempt.ends, 0)
  t.equal(made.length, 1, 'nothing is made for who has left')
})

t.test('the ephemeral session', async (t) => {
  const made: Made[] = []
  const { first } = await fleet(t, {
    createServer: v1({
      look: async ({ session, extra }) => {
        const release = session.hold()
        release()
        for (const change of [
          async (): Promise<unknown> => await session.update(() => ({})), async () => await session.renewContext(null),
          async () => await session.terminate()
        ]) {
          await t.rejects(change() as Promise<void>, { code: 'HOLDFAST_NO_SESSION' })
          await t.rejects(change() as Promise<void>, HoldfastError)
        }
        t.same(session.data, {})
        t.equal(session.activated, false)
        t.equal(session.replica, first.name)
        t.equal(session.protocolVersion, '2025-11-25')
        t.equal(extra.sessionId, session.id)
        const shown = inspect(session) + JSON.stringify(session)
        t.notMatch(shown, session.id)
        t.notMatch(shown, /secret/)
        t.match(shown, first.name)
      }
    }, made)
  })
  const { result } = await first.do('look', { principal: ADA, context: () => 'secret' })
  t.notOk(result.isError)
  await first.do('look', { principal: ADA, context: () => 'other secret' })
  t.not(made[0]?.session.id, made[1]?.session.id)
  t.not(made[0]?.session.key, made[1]?.session.key)
})

t.test('a process that ends while a call waits for a place', async (t) => {
  const gate = new Gate()
  let running = 0
  const { first } = await fleet(t, {
    maxLive: 1,
    createServer: v1({
      slow: async () => {
        running++
        await gate.passed
      }
    })
  })
  const slow = first.begin({ name: 'do', arguments: { what: 'slow' }, principal: ADA })
  await eventually(() => running === 1)
  const waiting = first.do('slow')
  await new Promise(resolve => setTimeout(resolve, 10))
  await first.bridge.close()
  t.match(await waiting, { status: 503, error: { message: 'Shutting down, try again' } })
  slow.leave('closing')
  gate.open()
})

t.test('a process that ends while a server is made', async (t) => {
  const gate = new Gate()
  const make = v1({})
  const { first } = await fleet(t, {
    createServer: async (...given) => {
      await gate.passed
      return await make(...given)
    }
  })
  const waiting = first.do('x')
  await eventually(() => first.bridge.liveCount === 1)
  const closed = first.bridge.close()
  gate.open()
  t.match(await waiting, { status: 503, error: { message: 'Shutting down, try again' } })
  await closed
  t.equal(first.bridge.liveCount, 0)
})
