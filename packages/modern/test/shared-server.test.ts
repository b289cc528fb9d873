import { McpServer, Server, inputRequired, requireScopes } from '@modelcontextprotocol/server'
import t, { type Test } from 'tap'
import * as z from 'zod'
import { type SharedServer, type SharedServerOptions, type Unrelated, sharedServer } from '../dist/index.js'
import { GivenCall, run, textOf, toolCall } from './fixtures/modern-call.js'
import { Scene, sharedTools } from './fixtures/shared-tools.js'

interface Given {
  scene: Scene
  server: SharedServer
  unrelated: Unrelated[]
  warnings: string[]
  errors: unknown[]
}

async function given (t: Test, options: Partial<SharedServerOptions> = {}): Promise<Given> {
  const scene = new Scene()
  const unrelated: Unrelated[] = []
  const warnings: string[] = []
  const errors: unknown[] = []
  const server = sharedServer({
    create: init => sharedTools(scene, init),
    onUnrelated: message => unrelated.push(message),
    onWarning: warning => warnings.push(warning),
    onError: error => errors.push(error),
    checkLeaks: false,
    ...options
  })
  t.teardown(async () => await server.close())
  return { scene, server, unrelated, warnings, errors }
}

const auth = (clientId: string): { token: string, clientId: string, scopes: string[] } =>
  ({ token: 'secret', clientId, scopes: [] })

for (const fallback of [false, true]) {
  const kind = fallback ? 'the SDK’s handler' : 'a shared server'
  const options: Partial<SharedServerOptions> = fallback ? { fallback: 'sdk', sdk: brokenSdk } : {}

  t.test(`${kind}: 500 concurrent calls with colliding ids are each answered as their own`, async (t) => {
    const { server } = await given(t, options)
    await server.start()
    const calls = Array.from({ length: 500 }, (_, n) => toolCall('who', { nonce: `n${n}` }, {
      principal: { subject: `p${n}` },
      authInfo: auth(`p${n}`),
      progressToken: n % 5,
      ...(n % 2 === 1 && { client: { name: `c${n}`, version: '1' }, capabilities: { experimental: { n: { n } } } })
    }, {}, n % 3))
    const outcomes = await Promise.all(calls.map(async call => await run(server, call)))
    const ids = new Set<unknown>()
    outcomes.forEach((outcome, n) => {
      const { id, ...seen } = JSON.parse(textOf(outcome))
      ids.add(id)
      const named = n % 2 === 1
      const expected = {
        nonce: `n${n}`,
        auth: `p${n}`,
        subject: `p${n}`,
        era: 'modern',
        version: '2026-07-28',
        capabilities: named ? { experimental: { n: { n } } } : {},
        // The handler of the SDK makes a server for each call, which may know its client.
        instance: fallback && named ? `c${n}` : null,
        ...(named && { client: `c${n}`, envelope: `c${n}` })
      }
      if (JSON.stringify(sorted(seen)) !== JSON.stringify(sorted(expected))) t.same(seen, expected, `call ${n}`)
      const own = calls[n] as GivenCall
      if (own.ends !== 1) t.equal(own.ends, 1, `call ${n} ends once`)
      const said = own.notes.map(({ params }) => [params?.progressToken, params?.message])
      if (JSON.stringify(said) !== JSON.stringify([[n % 5, `n${n}`]])) t.same(said, [[n % 5, `n${n}`]])
    })
    if (!fallback) t.equal(ids.size, 500, 'no two calls have one id in the server')
    t.equal(server.size, 0)
  })

  t.test(`${kind}: a disconnect aborts the handler, and its answer reaches nobody`, async (t) => {
    const { scene, server } = await given(t, options)
    await server.start()
    const call = toolCall('wait')
    const other = toolCall('who', { nonce: 'x' })
    const waiting = scene.next('waiting')
    const served = server.serve(call)
    await waiting
    const done = scene.next('done')
    call.disconnect(server)
    t.equal(await done, true, 'the signal is aborted')
    await served
    t.match(textOf(await run(server, other)), /"nonce":"x"/)
    t.equal(call.ends, 0)
    t.equal(server.size, 0)
    t.doesNotThrow(() => server.cancel(call, 'gone'), 'an unknown call')
  })

  t.test(`${kind}: progress and log messages belong to their call`, async (t) => {
    const { server } = await given(t, options)
    await server.start()
    const call = toolCall('log', {}, { logLevel: 'info' })
    t.equal(textOf(await run(server, call)), 'logged')
    t.match(call.notes, [{ method: 'notifications/message', params: { data: 'something' } }])
    const silent = toolCall('log')
    await run(server, silent)
    t.same(silent.notes, [], 'only when asked for')
  })

  t.test(`${kind}: discover, lists, unknown methods, tools and capabilities`, async (t) => {
    const { server } = await given(t, options)
    await server.start()
    t.match(await run(server, new GivenCall(1, 'server/discover')), { result: { supportedVersions: ['2026-07-28'] } })
    const list = await run(server, new GivenCall(1, 'tools/list'))
    t.match(list, { result: { resultType: 'complete', ttlMs: Number, cacheScope: String } })
    t.match(await run(server, new GivenCall(1, 'ping')), { error: { code: -32601 }, status: 404 })
    t.match(await run(server, new GivenCall(1, 'app/unknown')), { error: { code: -32601 }, status: 404 })
    const unknown = await run(server, toolCall('unknown'))
    t.match(unknown, { error: { code: -32602 } })
    t.notOk('status' in unknown)
    t.match(await run(server, toolCall('who', { nonce: 3 })), { result: { isError: true } })
  })

  t.test(`${kind}: questions of a handler fail in it, and never wait`, async (t) => {
    const { server } = await given(t, options)
    await server.start()
    t.match(textOf(await run(server, toolCall('ask'))), /not supported|inputRequired/i)
  })

  t.test(`${kind}: scopes that a tool demands are checked before its handler`, async (t) => {
    let ran = 0
    const { server } = await given(t, {
      ...options,
      create: ({ serverOptions }) => {
        const server = new McpServer({ name: 's', version: '1' }, serverOptions)
        const config = { inputSchema: z.object({}), scopeChallenge: requireScopes('write', 'admin') }
        server.registerTool('guarded', config, async () => { ran++; return { content: [] } })
        return server
      }
    })
    await server.start()
    const refused = await run(server, toolCall('guarded', {}, {
      authInfo: { ...auth('a'), resourceMetadataUrl: 'https://server.test/.well-known/x' } as any
    }))
    t.match(refused, { error: { code: -32600 }, status: 403 })
    const { authenticate } = refused as { authenticate?: string }
    t.match(authenticate, /^Bearer error="insufficient_scope"/)
    t.match(authenticate, /scope="write admin"/)
    t.match(authenticate, /resource_metadata="https:\/\/server\.test\/\.well-known\/x"/)
    t.equal(ran, 0)
    await run(server, toolCall('guarded', {}, { authInfo: { ...auth('a'), scopes: ['write', 'admin'] } }))
    t.equal(ran, 1)
  })
}

/** An SDK that does not bind a shared connection to the revision. */
async function brokenSdk (): Promise<unknown> {
  const sdk = await import('@modelcontextprotocol/server')
  class Unbound { async start (): Promise<void> {} }
  return { ...sdk, PerRequestHTTPServerTransport: Unbound }
}

function sorted (value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1))
}

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

t.test('leaks: a warning when a list depends on earlier requests, or on who asks', async (t) => {
  const growing = await given(t, {
    checkLeaks: true,
    create: ({ serverOptions }) => {
      const server = new Server({ name: 's', version: '1' }, { ...serverOptions, capabilities: { tools: {} } })
      let asked = 0
      server.setRequestHandler('tools/list', async (_request, ctx) => {
        await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken: 1, progress: 1 } })
        return { tools: [{ name: `t${asked++}`, inputSchema: { type: 'object' as const } }] }
      })
      return server
    }
  })
  await growing.server.start()
  t.match(growing.warnings, [/same caller asks again/])
  t.equal(await growing.server.checkLeaks(), false)

  const personal = await given(t, {
    checkLeaks: true,
    create: ({ serverOptions }) => {
      const server = new Server({ name: 's', version: '1' }, { ...serverOptions, capabilities: { tools: {} } })
      server.setRequestHandler('tools/list', async (_request, ctx) => ({
        tools: [{ name: String(ctx.http?.authInfo?.clientId), inputSchema: { type: 'object' as const } }]
      }))
      return server
    }
  })
  await personal.server.start()
  t.match(personal.warnings, [/another caller/])

  const clean = await given(t, { checkLeaks: true })
  t.equal(await clean.server.checkLeaks(), true, 'before the start there is nothing to check')
  await clean.server.start()
  t.same(clean.warnings, [])
  t.equal(await clean.server.checkLeaks(), true)
})

t.test('the start fails, with what to do, when the server does not serve the revision', async (t) => {
  const create = (): McpServer => {
    const server = new McpServer({ name: 's', version: '1' }, { capabilities: {} })
    server.registerTool('who', { inputSchema: z.object({}) }, async () => ({ content: [{ type: 'text', text: 'me' }] }))
    return server
  }
  const { server } = await given(t, { create })
  await t.rejects(server.start(), {
    name: 'HoldfastError', code: 'HOLDFAST_FACTORY_FAILED', message: /supportedProtocolVersions.*serverOptions/
  })
  const { server: served, warnings } = await given(t, { create, fallback: 'sdk' })
  await served.start()
  t.match(warnings, [/makes one for each request/])
  t.equal(textOf(await run(served, toolCall('who'))), 'me')
})

t.test('the start fails without the SDK, or with one that is too old', async (t) => {
  const missing = await given(t, { sdk: async () => { throw new Error('Cannot find package') } })
  await t.rejects(missing.server.start(), { code: 'HOLDFAST_FACTORY_FAILED', message: /install it/ })
  const old = await given(t, { sdk: async () => ({ McpServer }) })
  await t.rejects(old.server.start(), { code: 'HOLDFAST_FACTORY_FAILED', message: /2\.4 or newer/ })
})

t.test('the start fails with a server that is none, hangs, was given before, or does not listen', async (t) => {
  const none = await given(t, { create: () => ({} as any) })
  await t.rejects(none.server.start(), { code: 'HOLDFAST_FACTORY_FAILED' })
  const deaf = await given(t, { create: () => ({ connect: async () => {}, close: async () => {} }) })
  await t.rejects(deaf.server.start(), { code: 'HOLDFAST_FACTORY_FAILED', message: /listen/ })
  const once = new McpServer({ name: 's', version: '1' }, { capabilities: {} })
  const twice = await given(t, { create: () => once })
  await t.rejects(twice.server.start(), { code: 'HOLDFAST_FACTORY_FAILED', message: /supportedProtocolVersions/ })
  await t.rejects(twice.server.start(), { code: 'HOLDFAST_FACTORY_FAILED', message: /before/ })
  const silent = await given(t, {
    createTimeout: 20,
    create: () => ({
      connect: async (transport: any) => { transport.onmessage = () => {} },
      close: async () => {}
    })
  })
  await t.rejects(silent.server.start(), { code: 'HOLDFAST_FACTORY_TIMEOUT', message: /server\/discover/ })
  const throwing = await given(t, {
    create: () => ({
      connect: async (transport: any) => { transport.onmessage = () => { throw new Error('no') } },
      close: async () => {}
    })
  })
  await t.rejects(throwing.server.start(), { message: 'no' })
})

t.test('a create that takes too long is closed when it comes after all', async (t) => {
  let made!: (server: unknown) => void
  const scene = new Scene()
  const { server } = await given(t, {
    createTimeout: 20, create: async () => await new Promise(resolve => { made = resolve as typeof made })
  })
  await t.rejects(server.start(), { code: 'HOLDFAST_FACTORY_TIMEOUT' })
  const disposed = scene.next('disposed')
  made({ server: new McpServer({ name: 's', version: '1' }), dispose: () => scene.note('disposed') })
  await disposed
})

t.test('per: each key has its server; the one unused for longest goes; one in use stays', async (t) => {
  const made: Array<string | undefined> = []
  const disposed: Array<string | undefined> = []
  const scene = new Scene()
  const { server } = await given(t, {
    maxKeys: 2,
    per: inbound => inbound.principal?.tenantId ?? '',
    create: init => {
      made.push(init.key)
      return { server: sharedTools(scene, init), dispose: () => { disposed.push(init.key); scene.note('disposed') } }
    }
  })
  await server.start()
  t.same(made, [])
  const by = (tenantId: string): { principal: { subject: string, tenantId: string } } =>
    ({ principal: { subject: 's', tenantId } })
  const wait = (tenant: string): GivenCall => toolCall('wait', {}, by(tenant))
  const [one, two] = await Promise.all([
    run(server, toolCall('who', { nonce: '1' }, by('a'))), run(server, toolCall('who', { nonce: '2' }, by('a')))
  ])
  t.match([textOf(one), textOf(two)], [/"nonce":"1"/, /"nonce":"2"/])
  t.same(made, ['a'], 'two first calls at once make one server')
  const inA = wait('a')
  let waiting = scene.next('waiting')
  await server.serve(inA)
  await waiting
  await run(server, toolCall('log', {}, by('b')))
  const gone = scene.next('disposed')
  await run(server, toolCall('log', {}, by('c')))
  await gone
  t.same(disposed, ['b'], 'a has a call')
  const inC = wait('c')
  waiting = scene.next('waiting')
  await server.serve(inC)
  await waiting
  t.match(await run(server, toolCall('log', {}, by('d'))), { error: { code: -32603 }, status: 503, retryAfter: 1 })
  t.equal(server.inputSchema(toolCall('log', {}, by('d')), 'log'), undefined)
  scene.emit('go')
  await Promise.all([inA.outcome, inC.outcome])
  await run(server, toolCall('log', {}, by('d')))
  t.same(made, ['a', 'b', 'c', 'd'])
})

t.test('per: a key that is no string, and a server that cannot be made, fail that call only', async (t) => {
  let fails = true
  const scene = new Scene()
  const { server } = await given(t, {
    per: inbound => (inbound.principal?.tenantId as string),
    create: init => {
      if (fails) throw new Error('not yet')
      return sharedTools(scene, init)
    }
  })
  await server.start()
  t.throws(() => server.serve(toolCall('log')), TypeError)
  const caller = { principal: { subject: 's', tenantId: 'a' } }
  await t.rejects(async () => await server.serve(toolCall('log', {}, caller)), { message: 'not yet' })
  fails = false
  t.equal(textOf(await run(server, toolCall('log', {}, caller))), 'logged')
  t.equal(server.size, 0)
})

t.test('a call that is cancelled before its server is made never runs', async (t) => {
  const scene = new Scene()
  let go!: () => void
  const ready = new Promise<void>(resolve => { go = resolve })
  const { server } = await given(t, {
    per: () => 'k', create: async init => { await ready; return sharedTools(scene, init) }
  })
  await server.start()
  const call = toolCall('never')
  const serving = server.serve(call)
  call.disconnect(server)
  go()
  await serving
  t.equal(textOf(await run(server, toolCall('log'))), 'logged')
  t.same(scene.seen, [])
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

t.test('a server that the application closes ends its calls, and is made again', async (t) => {
  const scene = new Scene()
  const made: McpServer[] = []
  const { server } = await given(t, {
    create: init => { const server = sharedTools(scene, init); made.push(server); return server }
  })
  await server.start()
  const call = toolCall('wait')
  const waiting = scene.next('waiting')
  await server.serve(call)
  await waiting
  await made[0]?.close()
  t.match(await call.outcome, { error: { code: -32603, message: 'The server was closed, try again' } })
  t.equal(textOf(await run(server, toolCall('log'))), 'logged')
  t.equal(made.length, 2)
})

t.test('close cancels what runs, disposes, and refuses further calls', async (t) => {
  const scene = new Scene()
  const { server, errors } = await given(t, {
    create: init => ({
      server: sharedTools(scene, init), dispose: reason => { scene.note('disposed', reason); throw new Error('late') }
    })
  })
  t.throws(() => server.serve(toolCall('wait')), { code: 'HOLDFAST_CLOSED' }, 'before the start')
  await server.start()
  const call = toolCall('wait')
  const waiting = scene.next('waiting')
  await server.serve(call)
  await waiting
  const done = scene.next('done')
  await server.close()
  t.equal(await done, true)
  t.same(scene.seen.at(-1), ['disposed', 'closing'])
  t.match(errors, [{ message: 'late' }])
  t.throws(() => server.serve(toolCall('wait')), { code: 'HOLDFAST_CLOSED' })
  t.equal(server.inputSchema(call, 'wait'), undefined)
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

t.test('a server that is made while all is closed is closed, too', async (t) => {
  const scene = new Scene()
  let go!: () => void
  const ready = new Promise<void>(resolve => { go = resolve })
  const { server } = await given(t, {
    per: () => 'k',
    create: async init => {
      scene.note('creating')
      await ready
      return { server: sharedTools(scene, init), dispose: () => scene.note('disposed') }
    }
  })
  await server.start()
  const call = toolCall('never')
  const serving = server.serve(call)
  call.leave()
  await server.close()
  const disposed = scene.next('disposed')
  go()
  await disposed
  await serving
  t.notOk(scene.seen.some(([name]) => name === 'never'))
})

t.test('a server that hangs when it is closed is left behind, and its calls end', async (t) => {
  const scene = new Scene()
  const { server, unrelated } = await given(t, {
    maxKeys: 1,
    createTimeout: 100,
    per: inbound => inbound.principal?.subject ?? '',
    create: init => {
      const server = sharedTools(scene, init)
      return {
        server: {
          connect: async transport => await server.connect(transport), close: async () => await new Promise(() => {})
        },
        dispose: () => { scene.note('disposed') }
      }
    }
  })
  await server.start()
  await run(server, toolCall('log', {}, { principal: { subject: 'a' } }))
  const disposed = scene.next('disposed')
  await run(server, toolCall('log', {}, { principal: { subject: 'b' } }))
  await disposed
  t.same(unrelated, [])
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

t.test('a server of another revision', async (t) => {
  const { server } = await given(t, {
    create: ({ serverOptions }) => {
      const server = new Server({ name: 's', version: '1' }, serverOptions)
      server.setRequestHandler('server/discover', async () => ({
        supportedVersions: ['2027-01-01'], capabilities: {}, resultType: 'complete', ttlMs: 0, cacheScope: 'public'
      }) as any)
      return server
    }
  })
  await t.rejects(server.start(), { code: 'HOLDFAST_FACTORY_FAILED', message: /revision 2026-07-28\. Give/ })
})

t.test('the SDK’s handler: low-level servers, and answers that are no JSON-RPC', async (t) => {
  const scene = new Scene()
  const low = await given(t, {
    fallback: 'sdk',
    sdk: brokenSdk,
    create: ({ serverOptions }) => ({
      server: new Server({ name: 's', version: '1' }, serverOptions), dispose: () => scene.note('disposed')
    })
  })
  const disposed = scene.next('disposed')
  await low.server.start()
  await disposed
  let response = (): globalThis.Response => new Response(null, { status: 499 })
  const strange = await given(t, {
    fallback: 'sdk',
    sdk: async () => {
      const sdk = await brokenSdk() as any
      return {
        ...sdk,
        createMcpHandler: (...args: unknown[]) => {
          const handler = sdk.createMcpHandler(...args)
          return {
            close: async () => await handler.close(),
            fetch: async (request: any, options: any) =>
              options.parsedBody.method === 'server/discover' ? await handler.fetch(request, options) : response()
          }
        }
      }
    }
  })
  await strange.server.start()
  t.match(await run(strange.server, toolCall('log')), { error: { code: -32603 }, status: 500 })
  response = () => Response.json({}, { status: 418 })
  t.match(await run(strange.server, toolCall('log')), { error: { message: 'Refused' }, status: 418 })
  response = () => Response.json([], { status: 400 })
  t.match(await run(strange.server, toolCall('log')), { error: { message: 'Refused' }, status: 400 })
  const gone = toolCall('log')
  response = () => { gone.disconnect(strange.server); throw new Error('broken') }
  await t.rejects(async () => await strange.server.serve(gone), { message: 'broken' })
  t.equal(strange.server.size, 0)
  response = () => new Response('{}')
  t.match(await run(strange.server, toolCall('log')), { error: { message: 'Refused' } })
})

t.test('the SDK’s handler disposes what each request has made', async (t) => {
  const scene = new Scene()
  let fails = false
  const { server, errors } = await given(t, {
    fallback: 'sdk',
    sdk: brokenSdk,
    create: init => {
      const server = sharedTools(scene, init)
      server.server.onclose = () => scene.note('closed')
      return {
        server,
        dispose: () => {
          scene.note('disposed')
          if (fails) throw new Error('late')
        }
      }
    }
  })
  await server.start()
  const disposed = scene.next('disposed')
  await run(server, toolCall('log'))
  await disposed
  fails = true
  const again = scene.next('disposed')
  await run(server, toolCall('log'))
  await again
  await new Promise(resolve => setImmediate(resolve))
  t.match(errors, [{ message: 'late' }])
  t.equal(server.inputSchema(toolCall('header'), 'header'), undefined, 'the SDK checks the parameters itself')
  const mismatch = toolCall('header', { region: 'eu' }, { headers: { 'mcp-param-region': 'us' } })
  t.match(await run(server, mismatch), { error: { code: -32020 }, status: 400 })
})

t.test('without callbacks, what a developer should know is a warning of the process', async (t) => {
  const warned: Error[] = []
  const listener = (warning: Error): void => { if (warning.name === 'HoldfastWarning') warned.push(warning) }
  process.on('warning', listener)
  t.teardown(() => process.off('warning', listener))
  const scene = new Scene()
  const secret: any = 'secret'
  const server = sharedServer({
    create: init => ({ server: sharedTools(scene, init), dispose: () => { throw new Error('secret') } })
  })
  await server.start()
  await run(server, toolCall('register'))
  await server.close()
  const other = sharedServer({
    create: init => ({ server: sharedTools(scene, init), dispose: async () => await Promise.reject(secret) })
  })
  await other.start()
  await other.close()
  await new Promise(resolve => setImmediate(resolve))
  t.match(warned.map(({ message }) => message), [/shared server: Error/, /shared server: unknown/])
  t.notMatch(warned.map(({ message }) => message).join(''), /secret/)
})

t.test('wrong options are refused at once', async (t) => {
  const create = (): McpServer => new McpServer({ name: 's', version: '1' })
  for (const [path, options] of [
    ['create', {}], ['per', { create, per: 'tenant' }], ['maxKeys', { create, maxKeys: 0 }],
    ['fallback', { create, fallback: 'none' }], ['createTimeout', { create, createTimeout: 'soon' }]
  ] as Array<[string, any]>) {
    t.throws(() => sharedServer(options), { code: 'HOLDFAST_INVALID_OPTION', path })
  }
})
