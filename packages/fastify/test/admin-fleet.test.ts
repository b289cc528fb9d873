import { memory } from '@holdfast/memory'
import t from 'tap'
import { Value } from 'typebox/value'
import { FleetAnswer } from '../dist/admin/schemas.js'
import { ask, startAdmin } from './fixtures/admin.js'
import { events } from '@holdfast/clients/events'
import { RawClient } from './fixtures/raw-client.js'

t.test('the fleet: who is there, and what each has open', async t => {
  const backend = memory()
  const [a, b] = [await startAdmin(t, { backend }), await startAdmin(t, { backend })]
  const client = await RawClient.open(a.url)
  await RawClient.open(a.url)
  const stream = events(await client.at(b.url).get())
  await stream.next()
  const { body } = await ask(b.app, 'GET', '/mcp-sessions/fleet')
  const [here, there] = [b, a].map(({ app }) => app.mcpSessions.fleet.replica)
  const versions = { holdfast: /^\d+\.\d+\.\d+/, node: process.versions.node }
  t.match(body, { here, sessions: 2, silent: [] })
  t.match(body.replicas, [
    { replica: here, live: 0, streams: 1, draining: false, versions },
    { replica: there, live: 2, streams: 0, draining: false, versions }
  ])
  t.ok(Value.Check(FleetAnswer, body))
  await stream.return()
  await a.app.close()
  await backend.presence.announce('killed', 60_000)
  t.match((await ask(b.app, 'GET', '/mcp-sessions/fleet')).body, { replicas: [{ replica: here }], silent: ['killed'] })
})
