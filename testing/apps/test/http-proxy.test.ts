import proxy from '@fastify/http-proxy'
import { open } from '@holdfast/clients/by-hand'
import Fastify from 'fastify'
import t from 'tap'
import { type Plug, listening, start } from './fixtures/start.js'
import { wholeSession } from './fixtures/whole-session.js'

t.test('a session is whole through @fastify/http-proxy', async t => {
  const { url } = await start(t)
  const front = Fastify()
  t.teardown(async () => { await front.close() })
  await front.register(proxy, { upstream: url.origin, prefix: '/api', internalRewriteLocationHeader: false })
  const at = await listening(front, '/api/mcp')
  await wholeSession(t, at)
  t.ok(await open(new URL('/api/mcp/', at)), 'a slash too much leads to the path that the proxy knows')
  await front.close()
})

t.test('a proxy of everything else in the same app leaves the endpoint alone', async t => {
  const theirs = Fastify()
  t.teardown(async () => { await theirs.close() })
  theirs.get('/theirs', async () => 'theirs')
  const upstream = (await listening(theirs)).origin
  for (const order of ['before', 'after'] as const) {
    const { app, url } = await start(t, {
      [order]: (async app => { await app.register(proxy, { upstream }) }) satisfies Plug
    })
    await wholeSession(t, url)
    t.equal(await (await fetch(new URL('/theirs', url))).text(), 'theirs')
    await app.close()
  }
})
