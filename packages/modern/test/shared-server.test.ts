import { McpServer, requireScopes } from '@modelcontextprotocol/server'
import t from 'tap'
import * as z from 'zod'
import type { SharedServerOptions } from '../dist/index.js'
import { GivenCall, run, textOf, toolCall } from './fixtures/modern-call.js'
import { auth, brokenSdk, given } from './fixtures/shared-server.js'

function sorted (value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1))
}

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
