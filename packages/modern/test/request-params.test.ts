import t from 'tap'
import { Front } from './fixtures/endpoint.js'
import { json } from './fixtures/requests.js'

const WRONG: Array<[string, Record<string, unknown>, string]> = [
  ['tools/call', { name: undefined }, 'name must be a string'],
  ['tools/call', { name: 7 }, 'name must be a string'],
  ['tools/call', { name: 'a', arguments: 'x' }, 'arguments must be an object'],
  ['tools/call', { name: 'a', arguments: [1] }, 'arguments must be an object'],
  ['tools/call', { name: 'a', arguments: null }, 'arguments must be an object'],
  ['prompts/get', { name: {} }, 'name must be a string'],
  ['resources/read', { uri: 5 }, 'uri must be a string'],
  ['tools/list', { cursor: 5 }, 'cursor must be a string'],
  ['completion/complete', { ref: 'x' }, 'ref must be an object'],
  ['completion/complete', { ref: {}, argument: {}, context: 7 }, 'context must be an object']
]

t.test('params that no server can read are refused before one gets them', async (t) => {
  const front = new Front()
  for (const [method, params, message] of WRONG) {
    const reply = await front.post({ method, params })
    t.equal(reply.status, 400, method)
    t.match(json(reply).error, { code: -32602, message: `Invalid params: ${message}` })
  }
  t.equal(front.server.served.length, 0)
  await front.post({ method: 'tools/list', params: { cursor: 'next' } })
  await front.post({ method: 'completion/complete', params: { ref: {}, argument: {} } })
  t.equal(front.server.served.length, 2)
})
