import type { McpServer } from '@modelcontextprotocol/server'
import t from 'tap'
import { type GivenCall, run, textOf, toolCall } from './fixtures/modern-call.js'
import { given } from './fixtures/shared-server.js'
import { Scene, sharedTools } from './fixtures/shared-tools.js'

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
