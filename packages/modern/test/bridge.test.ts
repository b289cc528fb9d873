import t from 'tap'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { ADA, fleet } from './fixtures/bridge-fleet.js'
import { eventually } from '@holdfast/waiting'
import { type Scripts, callOf, text, v1 } from './fixtures/servers.js'

const scripts: Scripts = {
  hello: () => 'hello',
  who: ({ extra, session }) => {
    const { era, version, principal, client, capabilities, trace } = callOf(extra)
    const { principal: owner, context } = session
    return { era, version, principal, client, capabilities, trace, owner, context }
  },
  speak: async ({ extra }) => {
    await extra.sendNotification({ method: 'notifications/message', params: { level: 'info', data: 'one' } })
    await extra.sendNotification({ method: 'notifications/message', params: { level: 'error', data: 'two' } })
    const progressToken = extra._meta?.progressToken
    if (progressToken !== undefined) {
      await extra.sendNotification({ method: 'notifications/progress', params: { progressToken, progress: 1 } })
    }
    return 'spoken'
  },
  meta: ({ extra }) => Object.keys(extra._meta ?? {}),
  update: async ({ session }) => await session.update(() => ({})),
  fail: () => { throw new Error('broken') }
}

t.test('a v1 server answers a modern call', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  t.same(await first.do('hello'), {
    result: {
      resultType: 'complete',
      content: [{ type: 'text', text: 'hello' }],
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'fixture', version: '1' } }
    }
  })
  t.same(first.backend.calls, [], 'without a round trip to the backend')
})

t.test('the server is described', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  const { result } = await first.call({ method: 'server/discover' })
  t.same(result, {
    resultType: 'complete',
    supportedVersions: ['2026-07-28'],
    capabilities: { logging: {}, tools: { listChanged: true } },
    instructions: 'Be kind.',
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'fixture', version: '1' } }
  })
})

t.test('a list has nothing of the old tasks, and the endpoint says who may keep it', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  const { result } = await first.call({ method: 'tools/list' })
  t.notOk('ttlMs' in result)
  t.equal(result.resultType, 'complete')
  t.equal(result.tools[0].name, 'do')
  t.notOk('execution' in result.tools[0])
})

t.test('a handler learns of its call', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  const client = { name: 'c', version: '2' }
  const trace = { traceparent: '00-1-2-03' }
  const outcome = await first.do('who', {
    principal: ADA, client, trace, capabilities: { roots: {} }, context: () => ({ tenant: 7 })
  })
  t.same(JSON.parse(text(outcome)), {
    era: 'modern',
    version: '2026-07-28',
    principal: ADA,
    client,
    capabilities: { roots: {} },
    trace,
    owner: ADA,
    context: { tenant: 7 }
  })
})

t.test('the envelope of a request stays here, and the rest of its _meta arrives', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  const outcome = await first.do('meta', { meta: { 'my/key': 1 }, progressToken: 'mine', logLevel: 'info' })
  t.same(JSON.parse(text(outcome)).sort(), ['my/key', 'progressToken'])
})

t.test('progress and log messages go to who asked for them', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  const silent = first.begin({ name: 'do', arguments: { what: 'speak' } })
  await silent.outcome
  t.same(silent.notes, [])
  const loud = first.begin({ name: 'do', arguments: { what: 'speak' }, progressToken: 'mine', logLevel: 'warning' })
  await loud.outcome
  t.same(loud.notes, [
    { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'error', data: 'two' } },
    { jsonrpc: '2.0', method: 'notifications/progress', params: { progress: 1, progressToken: 'mine' } }
  ])
})

t.test('there is no session to change', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  const { result } = await first.do('update')
  t.equal(result.isError, true)
  t.match(result.content[0].text, /no session/)
})

t.test('what a handler throws is its result', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  const { result } = await first.do('fail')
  t.match(result, { isError: true, content: [{ text: 'broken' }] })
})

t.test('methods of other revisions are unknown', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  for (const method of ['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'tasks/list', 'no/such']) {
    t.match(await first.call({ method }), { error: { code: -32601 }, status: 404 }, method)
  }
})

t.test('a server that throws at a request has not accepted it', async (t) => {
  const { first } = await fleet(t, {
    createServer: () => {
      const server = new McpServer({ name: 'x', version: '1' })
      return {
        connect: async (transport: any) => {
          await server.connect(transport)
          const { onmessage } = transport
          transport.onmessage = (message: any, extra: any) => {
            if (/call|initialized/.test(message.method)) throw new Error('no')
            onmessage(message, extra)
          }
        },
        close: async () => { await server.close() }
      }
    }
  })
  t.match(await first.do('x', { principal: ADA }), { status: 500 })
  await eventually(() => first.bridge.liveCount === 0)
  t.match(first.errors, [{ message: 'no' }], 'at a notification it is reported')
})

t.test('a server that cannot be connected again, and whose dispose fails', async (t) => {
  const { first } = await fleet(t, {
    createServer: () => {
      const server = new McpServer({ name: 'x', version: '1' })
      let connected = 0
      return {
        server: {
          connect: async (transport: any) => {
            if (++connected > 1) throw new Error('once only')
            await server.connect(transport)
          },
          close: async () => { await server.close() }
        },
        dispose: () => { throw new Error('cannot let go') }
      }
    }
  })
  t.match(await first.do('x'), { error: { code: -32601 } })
  await eventually(() => first.errors.length === 1)
  t.match(first.errors, [{ message: 'cannot let go' }])
})
