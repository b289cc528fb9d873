import t from 'tap'
import { type Messages, carries, isReply, readMessages, repeatedId, soleId } from '../dist/http/body.js'
import type { Reply } from '../dist/http/reply.js'

const request = (id: string | number, method = 'ping') => ({ jsonrpc: '2.0' as const, id, method })
const notification = { jsonrpc: '2.0', method: 'notifications/initialized' }
const response = { jsonrpc: '2.0', id: 1, result: {} }

function refusal (body: unknown): { status: number, id: unknown, code: number } {
  const reply = readMessages(body) as Reply
  const { id, error } = JSON.parse(String(reply.body))
  return { status: reply.status, id, code: error.code }
}

t.test('messages come sorted by kind', async (t) => {
  t.same(readMessages(request(1)), { requests: [request(1)], notifications: [], responses: [], batch: false })
  t.same(readMessages([notification, response, request(1), request('1')]), {
    requests: [request(1), request('1')], notifications: [notification], responses: [response], batch: true
  })
})

t.test('what is not JSON is a parse error', async (t) => {
  t.same(refusal(undefined), { status: 400, id: null, code: -32700 })
})

t.test('what is not a message is refused, with its id where that can be read', async (t) => {
  t.same(refusal({ ...request('a'), params: [] }), { status: 400, id: 'a', code: -32600 })
  for (const body of [null, 'x', 1, true, null, {}, [[]], [null], { jsonrpc: '2.0', id: null, method: 'x' }]) {
    t.same(refusal(body), { status: 400, id: null, code: -32600 })
  }
  const spoilt = refusal([request(1), { ...request(2), jsonrpc: '1.0' }])
  t.same(spoilt, { status: 400, id: 2, code: -32600 }, 'one bad message spoils the batch')
})

t.test('a batch holds 1 to 100 messages', async (t) => {
  t.same(refusal([]), { status: 400, id: null, code: -32600 })
  t.same(refusal(Array.from({ length: 101 }, () => notification)), { status: 400, id: null, code: -32600 })
  t.notOk(isReply(readMessages(Array.from({ length: 100 }, () => notification))))
})

t.test('an error about the whole body names its only request', async (t) => {
  t.equal(soleId(readMessages(request(0)) as Messages), 0)
  t.equal(soleId(readMessages([request(5)]) as Messages), null)
  t.equal(soleId(readMessages(notification) as Messages), null)
})

t.test('a batch is searched for a method', async (t) => {
  const messages = readMessages([notification, request(1), request(2, 'initialize')]) as Messages
  t.ok(carries(messages, 'initialize'))
  t.notOk(carries(messages, 'notifications/initialized'), 'only requests count')
})

t.test('an id that is used twice is found', async (t) => {
  const free = (): boolean => false
  t.equal(repeatedId([request(1), request('1'), request(2)], free), undefined, '1 and "1" differ')
  t.equal(repeatedId([request(1), request(2), request(1)], free), 1)
  t.equal(repeatedId([request(1), request(2)], id => id === 2), 2)
})

t.test('a body nests 200 deep at most', async (t) => {
  const nested = (depth: number): unknown => ({
    ...request(1), params: Array.from({ length: depth - 2 }).reduce<unknown>(inner => ({ inner }), {})
  })
  t.notOk(isReply(readMessages(nested(199))))
  t.same(refusal(nested(201)), { status: 400, id: 1, code: -32600 })
  t.same(refusal([nested(200)]), { status: 400, id: null, code: -32600 }, 'a batch is a level of its own')
  let endless: unknown = []
  for (let depth = 0; depth < 100_000; depth++) endless = [endless]
  t.same(refusal(endless), { status: 400, id: null, code: -32600 })
})
