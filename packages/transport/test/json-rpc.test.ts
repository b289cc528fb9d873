import t from 'tap'
import { JSONRPCMessageSchema } from '@modelcontextprotocol/sdk/types.js'
import { errorMessage, idOf, isNotification, isRequest, isRequestId, isResponse } from '../dist/http/json-rpc.js'

const sparse: unknown[] = []
sparse[3] = 1
const hostile: Record<string, unknown> = {
  undefined,
  null: null,
  'a number': 7,
  'a string': 'initialize',
  true: true,
  'an array': [{ jsonrpc: '2.0', id: 1, method: 'ping' }],
  'a sparse array': sparse,
  'an empty object': {},
  'the wrong version': { jsonrpc: '1.0', id: 1, method: 'ping' },
  'a version that is a number': { jsonrpc: 2.0, id: 1, method: 'ping' },
  'no version': { id: 1, method: 'ping' },
  'a method that is no string': { jsonrpc: '2.0', id: 1, method: 1 },
  'a method that is null': { jsonrpc: '2.0', id: 1, method: null },
  'a null id': { jsonrpc: '2.0', id: null, method: 'ping' },
  'an id that is a fraction': { jsonrpc: '2.0', id: 1.5, method: 'ping' },
  'an id beyond the safe integers': { jsonrpc: '2.0', id: 2 ** 53, method: 'ping' },
  'an id of 257 characters': { jsonrpc: '2.0', id: 'x'.repeat(257), method: 'ping' },
  'a progress token of 257 characters': {
    jsonrpc: '2.0', method: 'x', params: { _meta: { progressToken: 'x'.repeat(257) } }
  },
  'an answer to an id of 257 characters': { jsonrpc: '2.0', id: 'x'.repeat(257), result: {} },
  'an id that is an object': { jsonrpc: '2.0', id: {}, method: 'ping' },
  'an id that is a list': { jsonrpc: '2.0', id: [1], method: 'ping' },
  'an id that is true': { jsonrpc: '2.0', id: true, method: 'ping' },
  'params by position': { jsonrpc: '2.0', id: 1, method: 'ping', params: [1] },
  'params that are null': { jsonrpc: '2.0', id: 1, method: 'ping', params: null },
  'params that are a string': { jsonrpc: '2.0', method: 'ping', params: 'x' },
  'an answer without an id': { jsonrpc: '2.0', result: {} },
  'an answer to null': { jsonrpc: '2.0', id: null, error: { code: 1, message: 'x' } },
  'both a result and an error': { jsonrpc: '2.0', id: 1, result: {}, error: {} },
  'neither a result nor an error': { jsonrpc: '2.0', id: 1 },
  'a member that JSON-RPC does not know': { jsonrpc: '2.0', id: 1, method: 'ping', more: 1 },
  'a request with a result': { jsonrpc: '2.0', id: 1, method: 'ping', result: {} },
  'a notification with a null id': { jsonrpc: '2.0', id: null, method: 'x' },
  'a progress token that is an object': {
    jsonrpc: '2.0', id: 1, method: 'ping', params: { _meta: { progressToken: {} } }
  },
  'metadata that is a string': { jsonrpc: '2.0', method: 'x', params: { _meta: 'x' } },
  'metadata that is null': { jsonrpc: '2.0', id: 1, result: { _meta: null } },
  'a related task without an id': {
    jsonrpc: '2.0', id: 1, method: 'x', params: { _meta: { 'io.modelcontextprotocol/related-task': {} } }
  },
  'a related task that is a string': {
    jsonrpc: '2.0', id: 1, method: 'x', params: { _meta: { 'io.modelcontextprotocol/related-task': 'x' } }
  },
  'an error without a code': { jsonrpc: '2.0', id: 1, error: { message: 'x' } },
  'an error with a fraction for a code': { jsonrpc: '2.0', id: 1, error: { code: 1.5, message: 'x' } },
  'an error without a message': { jsonrpc: '2.0', id: 1, error: { code: 1 } },
  'a result that is a list': { jsonrpc: '2.0', id: 1, result: [] },
  'an error that is a string': { jsonrpc: '2.0', id: 1, error: 'x' },
  'a prototype with everything': Object.create({ jsonrpc: 2, id: 1, method: 'ping' })
}

for (const [name, value] of Object.entries(hostile)) {
  t.test(`${name} is no message`, async (t) => {
    t.equal(isRequest(value), false)
    t.equal(isNotification(value), false)
    t.equal(isResponse(value), false)
  })
}

t.test('every message is of one kind', async (t) => {
  const kinds = (message: unknown): boolean[] => [isRequest(message), isNotification(message), isResponse(message)]
  for (const id of [0, -1, 7, Number.MAX_SAFE_INTEGER, '', '0', 'ü', 'a\r\nb', '__proto__', 'x'.repeat(256)]) {
    t.same(kinds({ jsonrpc: '2.0', id, method: '' }), [true, false, false])
    t.same(kinds({ jsonrpc: '2.0', id, method: 'x', params: { more: 1, _meta: { progressToken: 0, more: 1 } } }), [
      true, false, false
    ])
    t.same(kinds({
      jsonrpc: '2.0', id, result: { _meta: { 'io.modelcontextprotocol/related-task': { taskId: 'a' } } }
    }), [false, false, true])
    t.same(kinds({ jsonrpc: '2.0', id, error: { code: 1, message: '' } }), [false, false, true])
  }
  t.same(kinds({ jsonrpc: '2.0', method: 'x' }), [false, true, false])
  t.same(
    kinds(JSON.parse('{"jsonrpc":"2.0","method":"x","__proto__":{"id":1}}')), [false, false, false],
    'a prototype in JSON is a member like any other'
  )
})

t.test('what passes is what the SDK takes', async (t) => {
  for (const message of [
    { jsonrpc: '2.0', id: 1, method: 'x', params: { a: [1], _meta: { progressToken: 'p' } } },
    { jsonrpc: '2.0', method: 'x', params: {} },
    { jsonrpc: '2.0', id: 'a', result: { content: [] } },
    { jsonrpc: '2.0', id: 'a', error: { code: -1, message: 'x', data: [] } }
  ]) {
    t.ok(isRequest(message) || isNotification(message) || isResponse(message))
    t.ok(JSONRPCMessageSchema.safeParse(message).success)
  }
})

t.test('an id is a string or a whole number', async (t) => {
  for (const id of ['', 'x', 0, -5, 2 ** 53 - 1]) t.ok(isRequestId(id))
  for (const id of [null, undefined, NaN, Infinity, 0.5, 1n, {}, [], true, Symbol('x')]) t.notOk(isRequestId(id))
})

t.test('an error names the request, where there is one', async (t) => {
  t.equal(idOf({ id: 1, method: 'x' }), 1)
  t.equal(idOf({ id: 'a', method: 'x', params: [] }), 'a')
  for (const value of [
    null, undefined, 'x', [], { id: 1 }, { id: 1, result: {} }, { id: null, method: 'x' }, { id: {}, method: 'x' }
  ]) {
    t.equal(idOf(value), null)
  }
})

t.test('an error has data when there is some', async (t) => {
  t.same(errorMessage(1, -1, 'no'), { jsonrpc: '2.0', id: 1, error: { code: -1, message: 'no' } })
  t.same(errorMessage(null, -1, 'no', 0), { jsonrpc: '2.0', id: null, error: { code: -1, message: 'no', data: 0 } })
})
