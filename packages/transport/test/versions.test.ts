import t from 'tap'
import { SUPPORTED_VERSIONS, isSupported, refusedVersion, revision } from '../dist/http/versions.js'

t.test('the revisions differ in batches and in priming events', async (t) => {
  t.same(SUPPORTED_VERSIONS, ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'])
  t.same(revision('2025-11-25'), { batches: false, priming: true })
  t.same(revision('2025-06-18'), { batches: false, priming: false })
  t.same(revision('2025-03-26'), { batches: true, priming: false })
})

t.test('without a version it is the one that MCP tells servers to assume', async (t) => {
  t.equal(revision(undefined), revision('2025-03-26'))
  t.equal(revision(''), revision('2025-03-26'))
  t.equal(revision('2031-01-01'), revision('2025-03-26'))
})

t.test('an unsupported version is refused with those that are', async (t) => {
  for (const version of [undefined, ...SUPPORTED_VERSIONS]) t.equal(refusedVersion(version, 1), undefined)
  const reply = refusedVersion('2026-07-28', 1)
  t.equal(reply?.status, 400)
  t.same(JSON.parse(String(reply?.body)), {
    jsonrpc: '2.0',
    id: 1,
    error: {
      code: -32000,
      message: 'Bad Request: Unsupported protocol version ' +
        '(supported versions: 2025-11-25, 2025-06-18, 2025-03-26, 2024-11-05, 2024-10-07)',
      data: { supported: SUPPORTED_VERSIONS, requested: '2026-07-28' }
    }
  })
})

t.test('a hostile version is refused like any other', async (t) => {
  let deep: unknown = []
  for (let depth = 0; depth < 20_000; depth++) deep = [deep]
  const values = ['', 'toString', '__proto__', 'x'.repeat(100_000), 7, null, {}, [], ['2025-11-25'], {
    toString: 1, valueOf: 1
  }, deep]
  for (const value of values) {
    const reply = refusedVersion(value, null)
    t.equal(reply?.status, 400)
    t.ok(String(reply?.body).length < 400)
  }
  t.notOk(isSupported('constructor'))
})
