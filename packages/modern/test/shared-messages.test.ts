import { McpServer, Server, inputRequired } from '@modelcontextprotocol/server'
import t from 'tap'
import * as z from 'zod'
import { GivenCall, run, textOf, toolCall } from './fixtures/modern-call.js'
import { auth, given } from './fixtures/shared-server.js'
import { Scene } from './fixtures/shared-tools.js'

t.test('what is said after the result reaches nobody, and is counted', async (t) => {
  const { scene, server, unrelated } = await given(t)
  await server.start()
  const first = toolCall('late', {}, { progressToken: 'own' }, {}, 7)
  await run(server, first)
  const second = toolCall('wait', {}, { progressToken: 'own' }, {}, 7)
  const waiting = scene.next('waiting')
  await server.serve(second)
  await waiting
  const said = scene.next('said')
  scene.emit('say')
  t.equal(await said, undefined, 'the handler notices nothing')
  scene.emit('go')
  t.equal(textOf(await second.outcome), 'waited')
  t.same([first.notes, second.notes], [[], []])
  t.same(unrelated, [{ kind: 'notification', method: 'notifications/progress' }])
})

t.test('a call that is never answered is forgotten when it is over', async (t) => {
  const { scene, server } = await given(t)
  await server.start()
  const calls = Array.from({ length: 50 }, () => toolCall('never'))
  for (const call of calls) await server.serve(call)
  await new Promise(resolve => setImmediate(resolve))
  t.equal(scene.seen.length, 50)
  t.equal(server.size, 50)
  for (const call of calls) server.cancel(call, 'timeout')
  t.equal(server.size, 0)
})

t.test('a request of the server itself is answered with an error', async (t) => {
  const { server, unrelated } = await given(t)
  await server.start()
  t.match(textOf(await run(server, toolCall('custom'))), /No client can be asked/)
  t.same(unrelated, [{ kind: 'question', method: 'app/question' }])
})

t.test('a tool that a handler registers is told to nobody', async (t) => {
  const { server, unrelated } = await given(t)
  await server.start()
  t.equal(textOf(await run(server, toolCall('register'))), 'registered')
  t.same(unrelated, [{ kind: 'notification', method: 'notifications/tools/list_changed' }])
})

t.test('the input schema of a tool', async (t) => {
  const { server } = await given(t)
  t.equal(server.inputSchema(toolCall('header'), 'header'), undefined, 'before the start')
  await server.start()
  const call = toolCall('header')
  t.match(server.inputSchema(call, 'header'), { properties: { region: { 'x-mcp-header': 'Region' } } })
  t.equal(server.inputSchema(call, 'header'), server.inputSchema(call, 'header'), 'is made once')
  for (const name of ['unknown', '__proto__', 'constructor']) t.equal(server.inputSchema(call, name), undefined)
  const keyed = await given(t, { per: () => 'k' })
  await keyed.server.start()
  t.match(await keyed.server.inputSchema(call, 'header'), { type: 'object' }, 'its server is made first')
  const low = await given(t, {
    create: ({ serverOptions }) => new Server({ name: 's', version: '1' }, serverOptions)
  })
  await low.server.start()
  t.equal(low.server.inputSchema(call, 'header'), undefined, 'only McpServer tells it')
})

t.test('a scope that is checked later, and one that is malformed', async (t) => {
  const scene = new Scene()
  let demand: () => unknown = () => undefined
  const { server } = await given(t, {
    create: ({ serverOptions }) => {
      const server = new McpServer({ name: 's', version: '1' }, serverOptions)
      const config = { inputSchema: z.object({}), scopeChallenge: (async () => await demand()) as any }
      server.registerTool('guarded', config, async () => { scene.note('ran'); return { content: [] } })
      return server
    }
  })
  await server.start()
  t.match(await run(server, toolCall('guarded')), { result: { content: [] } })
  t.same(scene.seen.length, 1)
  const call = toolCall('guarded')
  demand = () => { call.disconnect(server); return undefined }
  await server.serve(call)
  t.same(scene.seen.length, 1, 'the client went meanwhile')
  for (const challenge of [
    { scopes: [] }, { scopes: ['a"b'] }, { scopes: ['a'], errorDescription: 'a\r\nb' }, { scopes: 'all' }
  ]) {
    demand = () => challenge
    await t.rejects(async () => await server.serve(toolCall('guarded')), TypeError)
  }
  demand = () => ({ scopes: ['a'] })
  const injecting = { ...auth('a'), resourceMetadataUrl: 'https://x.test/" evil="' } as any
  t.same(await run(server, toolCall('guarded', {}, { authInfo: injecting })), {
    error: { code: -32600, message: 'Insufficient scope' },
    status: 403,
    authenticate: 'Bearer error="insufficient_scope", error_description="Insufficient scope", scope="a"'
  })
  t.match(await run(server, toolCall('guarded')), { status: 403 })
  t.equal(server.size, 0)
})

t.test('a missing capability is 400, also when a handler says so', async (t) => {
  const { server } = await given(t, {
    create: ({ serverOptions }) => {
      const server = new McpServer({ name: 's', version: '1' }, serverOptions)
      server.registerTool('ask', { inputSchema: z.object({}) }, async () => inputRequired({
        inputRequests: { name: inputRequired.elicit({ message: 'name?', requestedSchema: z.object({}) }) }
      }))
      return server
    }
  })
  await server.start()
  t.match(await run(server, toolCall('ask')), { error: { code: -32021 }, status: 400 })
  t.match(await run(server, toolCall('ask', {}, { capabilities: { elicitation: {} } })), {
    result: { resultType: 'input_required', inputRequests: { name: { method: 'elicitation/create' } } }
  })
})

t.test('a server that throws at a message ends that call', async (t) => {
  let throws = false
  const { server } = await given(t, {
    create: ({ serverOptions }) => {
      const server = new McpServer({ name: 's', version: '1' }, serverOptions)
      return {
        connect: async (transport: any) => {
          await server.connect(transport)
          const { onmessage } = transport
          transport.onmessage = (...args: unknown[]) => {
            if (throws) throw new Error('broken')
            onmessage(...args)
          }
        },
        close: async () => await server.close()
      }
    }
  })
  await server.start()
  throws = true
  t.throws(() => server.serve(new GivenCall(1, 'tools/list')), { message: 'broken' })
  t.equal(server.size, 0)
  throws = false
  t.match(await run(server, new GivenCall(1, 'tools/list')), { error: { code: -32601 } })
})

t.test('what a transport is told twice, and a cancellation by the server, change nothing', async (t) => {
  const transports: any[] = []
  const { server, unrelated } = await given(t, {
    create: ({ serverOptions }) => {
      const server = new McpServer({ name: 's', version: '1' }, serverOptions)
      server.registerTool('cancelling', { inputSchema: z.object({}) }, async (_args, ctx) => {
        await ctx.mcpReq.notify({ method: 'notifications/cancelled', params: { requestId: 1 } })
        return { content: [] }
      })
      return {
        connect: async (transport: any) => { transports.push(transport); await server.connect(transport) },
        close: async () => await server.close()
      }
    }
  })
  await server.start()
  const call = toolCall('cancelling')
  await run(server, call)
  t.same(call.notes, [])
  t.same(unrelated, [{ kind: 'notification', method: 'notifications/cancelled' }])
  const [transport] = transports
  await transport.send({ jsonrpc: '2.0', id: 99, result: {} })
  t.same(unrelated.at(-1), { kind: 'answer' })
  await transport.close()
  await transport.close()
  t.match(await run(server, new GivenCall(1, 'server/discover')), { result: Object }, 'made again')
})
