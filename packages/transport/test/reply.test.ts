import t from 'tap'
import { ERROR_CODES, type ErrorCode, HoldfastError } from '@holdfast/core'
import {
  emptyReply, errorReply, failureReply, isExpected, jsonReply, notFoundReply, streamReply
} from '../dist/http/reply.js'

/** What a client is told of each error: `undefined` is a defect, 500. */
const OUTCOMES: Record<ErrorCode, { status: number, retryAfter?: string } | undefined> = {
  HOLDFAST_INVALID_OPTION: undefined,
  HOLDFAST_INVALID_STATE: { status: 404 },
  HOLDFAST_STATE_TOO_LARGE: { status: 413 },
  HOLDFAST_SESSION_GONE: { status: 404 },
  HOLDFAST_CONFLICT: { status: 503, retryAfter: '1' },
  HOLDFAST_LIMIT_REACHED: { status: 503, retryAfter: '10' },
  HOLDFAST_BACKEND_UNAVAILABLE: { status: 503, retryAfter: '1' },
  HOLDFAST_BACKEND_FULL: { status: 503, retryAfter: '30' },
  HOLDFAST_INVALID_CONTEXT: { status: 400 },
  HOLDFAST_FACTORY_FAILED: undefined,
  HOLDFAST_FACTORY_TIMEOUT: { status: 503, retryAfter: '5' },
  HOLDFAST_KEY_UNAVAILABLE: { status: 503, retryAfter: '5' },
  HOLDFAST_KEY_IN_USE: undefined,
  HOLDFAST_SNAPSHOT_FAILED: { status: 503, retryAfter: '5' },
  HOLDFAST_SNAPSHOT_CHANGED: undefined,
  HOLDFAST_SNAPSHOT_KEPT: undefined,
  HOLDFAST_MIGRATION_STOPPED: undefined,
  HOLDFAST_NOT_ALONE: undefined,
  HOLDFAST_NO_SESSION: undefined,
  HOLDFAST_CLOSED: { status: 503, retryAfter: '1' }
}

t.test('every error has its outcome', async (t) => {
  t.same(Object.keys(OUTCOMES).sort(), Object.keys(ERROR_CODES).sort())
  for (const [code, outcome] of Object.entries(OUTCOMES) as Array<[ErrorCode, typeof OUTCOMES[ErrorCode]]>) {
    const error = new HoldfastError(code, 'a secret detail', { cause: new Error('redis://:password@host') })
    const reply = failureReply(error, 1)
    t.equal(reply.status, outcome?.status ?? 500, code)
    t.equal(reply.headers['retry-after'], outcome?.retryAfter, code)
    t.equal(isExpected(error), outcome !== undefined, code)
    t.notMatch(String(reply.body), /secret|redis|HOLDFAST/)
    t.equal(JSON.parse(String(reply.body)).id, 1)
  }
})

t.test('any other error is a defect, and nothing of it is told', async (t) => {
  for (const error of [new Error('secret'), 'secret', undefined, null, { code: 'HOLDFAST_CLOSED' }]) {
    t.notOk(isExpected(error))
    t.same(failureReply(error, null), {
      status: 500,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body: '{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"Internal error"}}'
    })
  }
})

t.test('an application that turns a request down is repeated', async (t) => {
  const refusal = (statusCode: unknown): Error => Object.assign(new Error('not you'), { statusCode })
  for (const status of [400, 403, 499]) {
    t.ok(isExpected(refusal(status)))
    t.equal(failureReply(refusal(status), 1).status, status)
    t.match(failureReply(refusal(status), 1).body, /not you/)
  }
  for (const status of [200, 399, 500, 403.5, '403', undefined]) {
    t.notOk(isExpected(refusal(status)))
    t.equal(failureReply(refusal(status), 1).status, 500)
    t.notMatch(failureReply(refusal(status), 1).body, /not you/)
  }
})

t.test('a session that cannot be used is one that is not there', async (t) => {
  for (const code of ['HOLDFAST_SESSION_GONE', 'HOLDFAST_INVALID_STATE'] as const) {
    t.same(failureReply(new HoldfastError(code), 3), notFoundReply(3))
  }
  t.equal(notFoundReply(3).body, '{"jsonrpc":"2.0","id":3,"error":{"code":-32001,"message":"Session not found"}}')
})

t.test('replies say what they carry', async (t) => {
  t.same(jsonReply('[1]'), {
    status: 200, headers: { 'content-type': 'application/json', 'cache-control': 'no-store' }, body: '[1]'
  })
  t.same(emptyReply(202), { status: 202, headers: { 'cache-control': 'no-store' }, body: null })
  t.equal(jsonReply('"\u2028\u2029"').body, '"\\u2028\\u2029"')
  t.same(streamReply('').headers, {
    'content-type': 'text/event-stream', 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no'
  })
})

t.test('an error may challenge its client', async (t) => {
  const { status, headers } = errorReply(401, null, -32600, 'no', { authenticate: 'Bearer' })
  t.equal(status, 401)
  t.equal(headers['www-authenticate'], 'Bearer')
  t.notOk('retry-after' in headers)
})
