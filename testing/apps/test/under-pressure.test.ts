import { EventEmitter, once } from 'node:events'
import underPressure from '@fastify/under-pressure'
import { call, post } from '@holdfast/clients/by-hand'
import { connected } from '@holdfast/clients/connected'
import t from 'tap'
import { type Plug, start } from './fixtures/start.js'

for (const order of ['before', 'after'] as const) {
  t.test(`@fastify/under-pressure, registered ${order} the plugin, sheds load with 503`, async t => {
    let healthy = true
    const checks = new EventEmitter()
    const change = async (to: boolean): Promise<void> => {
      healthy = to
      // When a check begins, what the one before has said counts.
      await once(checks, 'check')
      await once(checks, 'check')
    }
    const healthCheck = async (): Promise<boolean> => {
      checks.emit('check')
      return healthy
    }
    const { url } = await start(t, {
      [order]: (async app => {
        await app.register(underPressure, { healthCheck, healthCheckInterval: 10 })
      }) satisfies Plug
    })
    const { client, transport } = await connected(t, url)
    const session = { 'mcp-session-id': transport.sessionId as string }
    await change(false)
    const refused = await post(url, call('whoami'), session)
    t.equal(refused.status, 503)
    t.match(refused.headers.get('retry-after'), /^\d+$/)
    t.match(await refused.json(), { jsonrpc: '2.0', error: { message: 'Service Unavailable' } })
    await change(true)
    t.match(await client.callTool({ name: 'whoami' }), { content: [{ text: 'server' }] })
  })
}
