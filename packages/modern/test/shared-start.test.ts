import { McpServer, Server } from '@modelcontextprotocol/server'
import t from 'tap'
import * as z from 'zod'
import { sharedServer } from '../dist/index.js'
import { run, textOf, toolCall } from './fixtures/modern-call.js'
import { Scene, sharedTools } from './fixtures/shared-tools.js'
import { given } from './fixtures/shared-server.js'

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
  await t.rejects(missing.server.start(), { code: 'HOLDFAST_FACTORY_FAILED', message: /npm install @model/ })
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
  await t.rejects(server.start(), { code: 'HOLDFAST_FACTORY_FAILED', message: /revision 2026-07-28\. One of SDK v1/ })
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
