import t from 'tap'
import { defineHoldfast } from '../dist/index.js'
import { RawClient } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { serving } from './fixtures/tools.js'

t.test('options are returned as they are', async t => {
  const options = { createServer: serving(), path: '/mcp' }
  t.equal(defineHoldfast(options), options)
  t.equal(defineHoldfast<{ total: number }>()(options), options)
})

t.test('the plugin takes them', async t => {
  const createServer = serving({ context: ({ session }) => session.context })
  const { url } = await start(t, defineHoldfast({ context: { resolve: () => ({ region: 'north' }) }, createServer }))
  const client = await RawClient.open(url)
  t.strictSame(await client.call('context'), { region: 'north' })
})
