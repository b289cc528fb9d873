import t, { type Test } from 'tap'
import { type ModernRequest, modernRequest } from '@holdfast/clients/modern'
import { memory } from '@holdfast/memory'
import type { HoldfastOptions } from '../dist/index.js'
import { Log } from './fixtures/log.js'
import { modern } from './fixtures/modern.js'
import { type Started, start } from './fixtures/start.js'
import { elicit, serving } from './fixtures/tools.js'

const DIGEST = /^[\w-]{43}$/
const CLIENT = 'io.modelcontextprotocol/clientInfo'
const VERSION = 'io.modelcontextprotocol/protocolVersion'
const capabilities = { elicitation: {} }

interface Audited extends Started { lines: (of: string) => any[] }

async function audited (t: Test, options: Partial<HoldfastOptions>): Promise<Audited> {
  const log = new Log()
  const started = await start(t, {
    principal: ({ headers }) => headers['x-user'] === undefined ? null : { subject: String(headers['x-user']) },
    anonymous: true,
    createServer: serving({ ask: async call => await elicit(call, 'sure?') }),
    ...options
  }, { fastify: { logger: log.logger } })
  const lines = (of: string): any[] => log.text.map(line => JSON.parse(line)).filter(({ audit }) => audit === of)
  return { ...started, lines }
}

t.test('modern clients that are refused: a line for each name', async t => {
  const { url, app, lines } = await audited(t, {})
  const named = (client: string): ModernRequest => modernRequest('tools/list', {}, { client })
  for (const name of ['one', 'one', 'two\n\u001b[31m', 'x'.repeat(100)]) await modern(url, named(name))
  await modern(url, modernRequest('tools/list', {}, { meta: { [CLIENT]: undefined } }))
  const { replica } = app.mcpSessions.fleet
  t.match(lines('modern_refused'), [
    { level: 40, replica, outcome: 'refused', version: '2026-07-28', client: { name: 'one' } },
    { client: { name: 'two\ufffd\ufffd[31m' } },
    { client: { name: /^x{64}$/ } },
    { client: {} }
  ])
  t.equal(lines('modern_refused').length, 4)
})

t.test('where the revision is served, only later ones are refused', async t => {
  const { url, lines } = await audited(t, { modern: 'auto' })
  await modern(url, modernRequest('tools/list'))
  await modern(url, modernRequest('tools/list'), { 'mcp-method': 'tools/call' })
  t.strictSame(lines('modern_refused'), [])
  const later = modernRequest('tools/list', {}, { meta: { [VERSION]: '2027-07-28' } })
  await modern(url, later, { 'mcp-protocol-version': '2027-07-28' })
  t.match(lines('modern_refused'), [{ version: 'other', client: { name: 'by-hand' } }])
})

t.test('the life of a parked call, and states that are refused', async t => {
  const { url, app, lines } = await audited(t, { modern: 'auto', backend: memory() })
  const ask = async (more: object, user = 'me'): Promise<any> =>
    await (await modern(url, modernRequest('tools/call', { name: 'ask', arguments: {}, ...more }, { capabilities }), {
      'x-user': user
    })).json()
  const { result: { requestState, inputRequests } } = await ask({})
  t.match(lines('call_parked'), [{ level: 30, owner: DIGEST, outcome: 'success' }])
  const inputResponses = { [Object.keys(inputRequests)[0] as string]: { action: 'cancel' } }
  const stolen = await ask({ requestState, inputResponses }, 'thief')
  t.match(stolen, { error: { data: { reason: 'invalid_request_state' } } })
  t.match(lines('request_state_rejected'), [{ level: 40, owner: DIGEST, outcome: 'refused', reason: 'invalid' }])
  t.not(lines('request_state_rejected')[0].owner, lines('call_parked')[0].owner)
  await ask({ requestState, inputResponses })
  t.match(lines('call_resumed'), [{ level: 30, owner: DIGEST }])
  t.strictSame(lines('call_abandoned'), [])
  await ask({})
  await app.close()
  t.match(lines('call_abandoned'), [{ level: 50, owner: DIGEST, outcome: 'failure', reason: 'the process ends' }])
  t.notMatch(JSON.stringify(['call_parked', 'call_resumed', 'request_state_rejected'].map(lines)), requestState)
})
