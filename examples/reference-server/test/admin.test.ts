import t from 'tap'
import { call, open, post } from '@holdfast/clients/by-hand'
import { listening } from './fixtures/listening.js'

const TOKEN = 'swordfish-of-the-operator'
const TENANT = { authorization: 'Bearer token-a' }
const settings = { HOLDFAST_ADMIN_TOKEN: TOKEN, HOLDFAST_DEMO_TOKENS: 'tenant-a:token-a' }

interface Answer {
  status: number
  body: any
}

async function ask (url: URL, path = '', authorization?: string, method = 'GET'): Promise<Answer> {
  const headers = authorization !== undefined && { headers: { authorization } }
  const response = await fetch(new URL(`/mcp-sessions${path}`, url), { method, ...headers })
  return { status: response.status, body: await response.json() }
}

t.test('without a token of its own there are no admin routes', async t => {
  const url = await listening(t)
  t.equal((await ask(url, '', `Bearer ${TOKEN}`)).status, 404)
})

t.test('only the operator sees and ends sessions', async t => {
  const url = await listening(t, settings)
  const session = await open(url, { ...TENANT, 'x-api-key': 'canary-of-the-context' })
  const refused = [
    [undefined, 401], ['Basic x', 401], ['Bearer token-a', 403], ['Bearer tenant-a', 403], [`Bearer ${TOKEN}x`, 403]
  ] as const
  for (const [authorization, status] of refused) {
    t.match(await ask(url, '', authorization), { status, body: { statusCode: status } })
  }
  const operating = { ...session, authorization: `Bearer ${TOKEN}` }
  t.equal((await post(url, call('counter'), operating)).status, 401, 'nor is the operator a tenant')
  const { body: { sessions: [{ key, principal }] } } = await ask(url, '', `Bearer ${TOKEN}`)
  t.match(principal, { subject: 'tenant-a' })
  const shown = await ask(url, `/${key}`, `Bearer ${TOKEN}`)
  t.equal(shown.status, 200)
  t.notMatch(JSON.stringify(shown.body), /canary/)
  t.strictSame((await ask(url, `/${key}`, `Bearer ${TOKEN}`, 'DELETE')).body, { terminated: 1 })
  t.equal((await post(url, call('counter'), session)).status, 404)
})
