import { Server } from '@modelcontextprotocol/server'
import t from 'tap'
import { run, toolCall } from './fixtures/modern-call.js'
import { Scene, sharedTools } from './fixtures/shared-tools.js'
import { brokenSdk, given } from './fixtures/shared-server.js'

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
