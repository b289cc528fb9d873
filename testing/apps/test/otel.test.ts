import { call, post } from '@holdfast/clients/by-hand'
import t from 'tap'
import { start } from './fixtures/start.js'
import { tracing } from './fixtures/tracing.js'
import { wholeSession } from './fixtures/whole-session.js'

t.test('@fastify/otel traces the endpoint, and no span has the id of a session', async t => {
  const { plug, spans } = tracing()
  const { url, app } = await start(t, { before: plug })
  const { id } = await wholeSession(t, url)
  const broken = await post(url, call('nothing'), { 'mcp-session-id': id, 'mcp-protocol-version': id })
  t.equal(broken.status, 400)
  await broken.text()
  const asked = await fetch(new URL('?a=query', url))
  t.equal(asked.status, 400)
  await asked.text()
  await app.close()
  const traced = spans.getFinishedSpans()
    .map(({ name, attributes, events, links, status }) => ({ name, attributes, events, links, status }))
  for (const method of ['GET', 'POST', 'DELETE']) {
    t.ok(traced.some(({ attributes }) => attributes['http.request.method'] === method), method)
  }
  t.ok(traced.some(({ attributes }) => attributes['http.route'] === '/mcp'))
  t.ok(traced.some(({ attributes }) => attributes['url.path'] === '/mcp?a=query'), 'a query is in the span')
  t.notMatch(JSON.stringify(traced), id)
})
