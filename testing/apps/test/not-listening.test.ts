import { once } from 'node:events'
import { type RequestListener, type Server, createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { open } from '@holdfast/clients/by-hand'
import { allEvents } from '@holdfast/clients/events'
import { statusAs } from '@holdfast/clients/host'
import holdfast, { type HoldfastOptions } from '@holdfast/fastify'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { createServer } from './fixtures/create-server.js'
import { injectFetch } from './fixtures/inject-fetch.js'
import { wholeSession } from './fixtures/whole-session.js'

async function ready (t: Test, options: Partial<HoldfastOptions> = {}): Promise<FastifyInstance> {
  const app = Fastify({ requestTimeout: 60_000 })
  t.teardown(async () => { await app.close() })
  await app.register(holdfast, { createServer: createServer(), shutdown: { timeout: 100 }, ...options })
  await app.ready()
  return app
}

/** A server that is none of Fastify's. */
async function around (t: Test, listener: RequestListener): Promise<{ server: Server, url: URL }> {
  const server = createHttpServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  return { server, url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`) }
}

t.test('a session is whole in an app that is asked by inject only', async t => {
  const app = await ready(t)
  await wholeSession(t, new URL('https://public.example.com/mcp'), {}, injectFetch(app))
  await app.close()
})

/** The ways from a server of somebody else into an app. */
const WAYS: Record<string, (app: FastifyInstance) => RequestListener> = {
  'app.routing': app => (request, response) => { app.routing(request, response) },
  'an event of app.server': app => (request, response) => { app.server.emit('request', request, response) }
}

for (const [way, into] of Object.entries(WAYS)) {
  t.test(`a session is whole behind another server, by ${way}`, async t => {
    const app = await ready(t)
    const { url } = await around(t, into(app))
    await wholeSession(t, url)
    t.equal(await statusAs('public.example.com', url), 200, 'it is not known to be on loopback')
    const stream = await fetch(url, { headers: { ...await open(url), accept: 'text/event-stream' } })
    const ended = allEvents(stream)
    await app.close()
    t.match(await ended, [{ id: /./ }], 'the stream has begun, and it has ended')
  })
}

t.test('allowedHosts counts where the app does not listen', async t => {
  const app = await ready(t, { allowedHosts: ['public.example.com'] })
  const { url } = await around(t, (request, response) => { app.routing(request, response) })
  t.equal(await statusAs('public.example.com', url), 200)
  t.equal(await statusAs('evil.example', url), 403)
})
