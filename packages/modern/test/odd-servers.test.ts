import t from 'tap'
import type { CreateServer } from '@holdfast/transport'
import { ADA, fleet, retryOf } from './fixtures/bridge-fleet.js'
import { Gate, eventually } from '@holdfast/waiting'
import { accepted, ask, text, v1 } from './fixtures/servers.js'

const serverInfo = { name: 'r', version: '1' }

type Send = (message: object) => void

/** A server that speaks for itself, without an SDK. */
function raw (react: (message: any, send: Send) => void): CreateServer {
  return () => ({
    connect: async (transport: any) => {
      const send: Send = message => { void transport.send({ jsonrpc: '2.0', ...message }) }
      transport.onmessage = (message: any) => {
        if (message.method !== 'initialize') return react(message, send)
        const result = { protocolVersion: '2025-06-18', capabilities: { tasks: {} }, serverInfo }
        send({ id: message.id, result })
      }
    },
    close: async () => {}
  })
}

t.test('results of other forms', async (t) => {
  const results: Record<string, object> = {
    'tools/list': { tools: [{ name: 'a', inputSchema: {}, execution: { taskSupport: 'required' } }, 7] },
    'prompts/list': { prompts: [], ttlMs: 5, cacheScope: 'public' },
    'tools/call': { content: [{ type: 'image' }], isError: true, _meta: { own: 1 } }
  }
  const { first } = await fleet(t, {
    createServer: raw(({ id, method }, send) => { if (id !== undefined) send({ id, result: results[method] ?? {} }) })
  })
  t.same((await first.call({ method: 'tools/list' })).result.tools, [{ name: 'a', inputSchema: {} }, 7])
  t.match(await first.call({ method: 'prompts/list' }), { result: { ttlMs: 5, cacheScope: 'public' } })
  const { result } = await first.do('x')
  t.same(result._meta, { own: 1, 'io.modelcontextprotocol/serverInfo': { name: 'r', version: '1' } })
  t.same((await first.call({ method: 'server/discover' })).result.capabilities, {})
})

t.test('a list that is none, and errors of other forms', async (t) => {
  const answers: Record<string, object> = {
    'tools/list': { result: { tools: 7 } },
    'tools/call': { error: { code: -32042, message: 'Go', data: 'nowhere' } },
    'resources/read': { error: { code: -32002, message: 'No such', data: { uri: 'x' } } },
    'prompts/list': { error: { code: -32042, message: 'Go', data: { elicitations: [{ url: 'https://example.com' }] } } }
  }
  const { first } = await fleet(t, {
    createServer: raw(({ id, method }, send) => { if (id !== undefined) send({ id, ...answers[method] }) })
  })
  t.equal((await first.call({ method: 'tools/list' })).result.tools, 7)
  t.same(await first.do('x'), { error: { code: -32603, message: 'Go', data: 'nowhere' } })
  t.same(await first.call({ method: 'resources/read', params: { uri: 'x' } }), {
    error: { code: -32602, message: 'No such', data: { uri: 'x' } }
  })
  t.match(await first.call({ method: 'prompts/list' }), { error: { code: -32603 } }, 'a list cannot ask')
})

t.test('what a server says that nobody understands', async (t) => {
  const { first } = await fleet(t, {
    createServer: raw(({ id, method }, send) => {
      if (method !== 'tools/call') return
      send({ id: 77, result: {} })
      send({ method: 'notifications/unheard' })
      send({ method: 'notifications/cancelled', params: { requestId: 5 } })
      send({ method: 'notifications/message' })
      send({ id: 1, method: 'odd/question' })
      send({ id, result: { content: [{ type: 'text', text: 'ok' }] } })
      send({ id, result: { content: [{ type: 'text', text: 'again' }] } })
    })
  })
  const attempt = first.begin({ name: 'do', logLevel: 'info' })
  t.equal(text(await attempt.outcome), 'ok')
  t.equal(attempt.ends, 1)
  t.same(attempt.notes, [])
})

t.test('what a server says of a call that is over', async (t) => {
  const reached = new Gate()
  const late = new Gate()
  const said = new Gate<unknown>()
  const { first } = await fleet(t, {
    createServer: v1({
      late: async ({ extra }) => {
        reached.open()
        await late.passed
        const params = { level: 'error' as const, data: 'late' }
        const sent = extra.sendNotification({ method: 'notifications/message', params })
        said.open(await sent.then(() => 'sent', () => 'refused'))
      },
      next: () => 'next'
    })
  })
  const one = first.begin({ name: 'do', arguments: { what: 'late' }, principal: ADA, logLevel: 'info' })
  await reached.passed
  one.leave()
  const two = first.begin({ name: 'do', arguments: { what: 'next' }, principal: ADA, logLevel: 'info' })
  late.open()
  await said.passed
  t.equal(text(await two.outcome), 'next')
  t.same(two.notes, [])
})

t.test('a server that withdraws one of two questions', async (t) => {
  const { first } = await fleet(t, {
    createServer: v1({
      two: async scene => {
        const { server, extra } = scene
        const kept = ask(scene, 'Kept?', 'kept')
        await server.server.listRoots(undefined, { relatedRequestId: extra.requestId, timeout: 20 }).catch(() => {})
        return (await kept).content.value
      }
    })
  })
  const asked = await first.do('two')
  t.equal(Object.keys(asked.result.inputRequests).length, 2)
  await new Promise(resolve => setTimeout(resolve, 40))
  const less = await first.do('two', retryOf(asked))
  t.same(Object.keys(less.result.inputRequests), ['kept'])
  t.equal(text(await first.do('two', retryOf(less, { kept: accepted('me') }))), 'me')
})

t.test('an owner waits for its share although a server of it rests', async (t) => {
  const gate = new Gate()
  let running = 0
  const { first } = await fleet(t, {
    maxLive: 2,
    createServer: v1({
      slow: async () => {
        running++
        await gate.passed
      },
      quick: () => 'quick'
    })
  })
  const rests = { principal: ADA, client: { name: 'rests', version: '1' } }
  await first.do('quick', rests)
  const slow = first.do('slow', { principal: ADA })
  await eventually(() => running === 1)
  const quick = first.begin({ name: 'do', arguments: { what: 'quick' }, ...rests })
  await new Promise(resolve => setTimeout(resolve, 10))
  t.equal(quick.isOver, false)
  gate.open()
  t.equal(text(await quick.outcome), 'quick')
  await slow
})

t.test('failures that concern no caller are reported', async (t) => {
  const { first, second } = await fleet(t, {
    replicas: 2,
    createServer: v1({
      slow: async scene => {
        await ask(scene, 'Who?', 'who')
        await new Promise(resolve => setTimeout(resolve, 20))
        return 'done'
      }
    })
  })
  const asked = await first.do('slow')
  const retry = second.begin({ name: 'do', arguments: { what: 'slow' }, ...retryOf(asked, { who: accepted('me') }) })
  await new Promise(resolve => setTimeout(resolve, 5))
  first.backend.failing.add('bus.publish')
  second.backend.failing.add('bus.publish')
  await eventually(() => first.errors.length > 0)
  retry.leave()
  await eventually(() => second.errors.length > 0)
  t.match(first.errors, [{ message: /bus.publish/ }])
  t.match(second.errors, [{ message: /bus.publish/ }])
})

t.test('what a server says that is no JSON', async (t) => {
  const answers: unknown[] = []
  const { first } = await fleet(t, {
    createServer: raw(({ id, method, params, error, result }, send) => {
      if (method === 'tools/call') {
        send({ id: 'q1', method: 'roots/list', params: { odd: 1n } })
        const named = { message: 'Who?', _meta: { 'dev.holdfast/key': 'who' } }
        send({ id: 'q2', method: 'elicitation/create', params: named })
        answers.push(id, params.arguments.what)
      } else if (error !== undefined) answers.push(error.message)
      else if (result !== undefined) {
        send({ method: 'notifications/message', params: { level: 'info', data: 1n } })
        send({ method: 'notifications/message', params: { level: 'info', data: 'well' } })
        send({ id: answers[0], result: { content: [], odd: 1n } })
      }
    })
  })
  const asked = await first.do('x')
  t.same(Object.keys(asked.result.inputRequests), ['who'])
  t.equal(answers[2], 'The question is no JSON')
  const retry = first.begin({
    name: 'do', arguments: { what: 'x' }, logLevel: 'info', ...retryOf(asked, { who: accepted('me') })
  })
  t.match(await retry.outcome, { error: { code: -32603, message: 'Internal error' } })
  t.match(retry.notes, [{ params: { data: 'well' } }])
  t.equal(retry.notes.length, 1)
  await eventually(() => first.bridge.parkedCount === 0)
})

t.test('a server that closes itself while its tools are listed, speaks on, and takes its time to go', async (t) => {
  let later: unknown
  const { first } = await fleet(t, {
    factoryTimeout: 40,
    createServer: () => ({
      server: {
        connect: async (transport: any) => {
          const { send } = transport
          transport.onmessage = ({ id, method }: any) => {
            if (method === 'initialize') {
              const result = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo }
              return send.call(transport, { jsonrpc: '2.0', id, result })
            }
            if (method !== 'tools/list') return
            void transport.close()
            later = send.call(transport, { jsonrpc: '2.0', id, result: { tools: [] } })
          }
        },
        close: async () => {}
      },
      dispose: async () => await new Promise<void>(() => {})
    })
  })
  t.equal(await first.bridge.inputSchema(first.begin({ method: 'no/such' }), 'x'), undefined)
  await later
  await eventually(() => first.errors.length > 0)
  t.match(first.errors, [{ message: 'a server was not disposed of in time' }])
})
