import { createCipheriv, randomBytes } from 'node:crypto'
import t from 'tap'
import {
  type Json, type N8nMcpOptions, type RestoreOptions, SNAPSHOT_REASONS, type SnapshotReason
} from '../dist/index.js'
import { ADA } from './fixtures/manager.js'
import { start } from './fixtures/process.js'
import { sealing } from './fixtures/sealing.js'
import { Shelf } from './fixtures/shelf.js'

const NOTHING = { restored: 0, expired: 0, duplicate: 0, overLimit: 0, invalid: [] }

function ago (ms: number): string {
  return new Date(Date.now() - ms).toISOString()
}

/** A session as n8n-mcp exports it. */
function exported (sessionId: string, context: object = {}, metadata: object = {}) {
  return {
    sessionId,
    metadata: { createdAt: ago(60_000), lastAccess: ago(30_000), ...metadata },
    context: {
      n8nApiUrl: 'https://n8n.example',
      n8nApiKey: 'an api key',
      instanceId: 'tenant-1',
      sessionId,
      metadata: { plan: 'small' },
      ...context
    }
  }
}

async function restore (content: unknown, n8nMcp: N8nMcpOptions = {}, options: RestoreOptions = {}) {
  const process = start()
  const shelf = new Shelf(typeof content === 'string' ? content : JSON.stringify(content))
  const report = await process.sessions.restoreSessionState(shelf, { ...options, n8nMcp })
  return { ...process, report, shelf }
}

t.test('its sessions go on under their ids, with their context and their age', async (t) => {
  const id = '7b3c5a2e-0a4f-4a9e-9d0c-3f3a0d2f6c11'
  const element = exported(id, { n8nMcpAccessToken: 'a token', n8nApiTimeout: 30_000, n8nApiMaxRetries: 3 })
  const { report, sessions, backend } = await restore([
    element, exported('instance-1-abc', { instanceId: undefined, metadata: undefined })
  ])
  t.strictSame(report, { ...NOTHING, restored: 2 })
  const { createdAt, lastAccess } = element.metadata
  const summary = await sessions.get({ id, principal: null })
  t.match(summary, {
    createdAt: Date.parse(createdAt),
    usedAt: Date.parse(lastAccess),
    expiresAt: Date.parse(lastAccess) + sessions.vault.idle,
    version: 1
  })
  t.strictSame((await sessions.open(id, null))?.state, {
    schema: 1,
    principal: null,
    client: {},
    handshake: { initialize: {}, protocolVersion: '', initialized: false },
    replay: { subscriptions: [] },
    context: {
      n8nApiUrl: 'https://n8n.example',
      n8nApiKey: 'an api key',
      instanceId: 'tenant-1',
      sessionId: id,
      metadata: { plan: 'small' },
      n8nMcpAccessToken: 'a token',
      n8nApiTimeout: 30_000,
      n8nApiMaxRetries: 3
    },
    data: {}
  })
  t.strictSame((await sessions.open('instance-1-abc', null))?.context, {
    n8nApiUrl: 'https://n8n.example', n8nApiKey: 'an api key', sessionId: 'instance-1-abc'
  })
  for (const { body } of backend.stored.values()) {
    t.notMatch(Buffer.from(body).toString('latin1'), /an api key/, 'sealed')
  }
})

t.test('whose they are can follow from their context', async (t) => {
  const principal = (context: Json) => (context as { instanceId?: string }).instanceId === 'tenant-1' ? ADA : null
  const { sessions } = await restore([exported('one'), exported('two', { instanceId: 'other' })], { principal })
  t.strictSame((await sessions.open('one', ADA))?.principal, ADA)
  t.equal(await sessions.open('one', null), undefined)
  t.ok(await sessions.open('two', null))
})

t.test('importing twice changes nothing, nor does an id that comes twice', async (t) => {
  const { sessions, shelf, report } = await restore([exported('one'), exported('one'), exported('two')])
  t.strictSame(report, { ...NOTHING, restored: 2, duplicate: 1 })
  await (await sessions.open('one', null))?.update(data => { data.n = 1 })
  t.strictSame(await sessions.restoreSessionState(shelf, { n8nMcp: {} }), { ...NOTHING, duplicate: 3 })
  t.strictSame((await sessions.open('one', null))?.data, { n: 1 })
  await sessions.terminate({ id: 'two', principal: null })
  t.strictSame(await sessions.restoreSessionState(shelf, { n8nMcp: {} }), { ...NOTHING, duplicate: 3 })
  t.equal(await sessions.open('two', null), undefined)
})

t.test('a large file is restored in batches', async (t) => {
  const { report, sessions } = await restore(Array.from({ length: 600 }, (_, i) => exported(`instance-${i}-abc`)))
  t.strictSame(report, { ...NOTHING, restored: 600 })
  t.equal(await sessions.count(), 600)
})

t.test('expired ones are counted, filters and limits hold', async (t) => {
  const old = { createdAt: ago(7_200_000), lastAccess: ago(3_600_000) }
  t.strictSame(
    (await restore([exported('one', {}, old), exported('two')])).report, { ...NOTHING, restored: 1, expired: 1 }
  )
  const many = Array.from({ length: 250 }, (_, i) => exported(`id-${i}`, { instanceId: i % 2 === 0 ? 'even' : 'odd' }))
  const filter = ({ state }: { state?: { context: Json } }): boolean =>
    (state?.context as { instanceId: string }).instanceId === 'even'
  t.strictSame((await restore(many, {}, { filter, limit: 100 })).report, { ...NOTHING, restored: 100, overLimit: 25 })
})

t.test('an element with anything wrong is refused alone, and with a reason that quotes nothing', async (t) => {
  const good = exported('good')
  const wrong: Array<[element: unknown, code: SnapshotReason]> = [
    ...[null, 1, 'x', [], {}].map((element): [unknown, SnapshotReason] => [element, 'NO_SESSION_ID']),
    ...[undefined, null, 7, '', 'a b', 'ü', 'x'.repeat(257), {}].map(
      (sessionId): [unknown, SnapshotReason] => [{ ...good, sessionId }, 'NO_SESSION_ID']
    ),
    ...[undefined, null, 'x', []].map((metadata): [unknown, SnapshotReason] => [{ ...good, metadata }, 'WRONG_TIME']),
    ...[undefined, null, '', 'yesterday', 0, '1950-01-01T00:00:00Z', {}].flatMap(
      (time): Array<[unknown, SnapshotReason]> => [
        [exported('x', {}, { createdAt: time }), 'WRONG_TIME'],
        [exported('x', {}, { lastAccess: time }), 'WRONG_TIME']
      ]
    ),
    [exported('x', {}, { createdAt: ago(1_000), lastAccess: ago(2_000) }), 'WRONG_TIME'],
    [exported('x', {}, { lastAccess: ago(-60_000) }), 'FUTURE_TIME'],
    [exported('x', {}, { createdAt: ago(-60_000), lastAccess: ago(-60_000) }), 'FUTURE_TIME'],
    ...[undefined, null, 'x', []].map(
      (context): [unknown, SnapshotReason] => [{ ...good, context }, 'MALFORMED_CONTEXT']
    ),
    ...[
      { n8nApiUrl: undefined }, { n8nApiUrl: 'n8n' }, { n8nApiUrl: 7 },
      { n8nApiKey: undefined }, { n8nApiKey: '' }, { n8nApiKey: {} },
      { instanceId: 7 },
      { metadata: [] }, { metadata: 'x' }, { metadata: null }
    ].map((context): [unknown, SnapshotReason] => [exported('x', context), 'MALFORMED_CONTEXT']),
    [exported('x', { metadata: { text: 'x'.repeat(300_000) } }), 'TOO_LARGE']
  ]
  const { report, sessions } = await restore([...wrong.map(([element]) => element), good])
  t.equal(report.restored, 1)
  t.ok(await sessions.open('good', null))
  t.strictSame(
    [...report.invalid].sort((a, b) => a.line - b.line),
    wrong.map(([, code], index) => ({ line: index + 1, code, reason: SNAPSHOT_REASONS[code] }))
  )
})

t.test('when sealing fails, so does the import', async (t) => {
  const { sessions } = start({ codec: { ...sealing('k1'), seal: () => { throw new Error('no key') } } })
  const shelf = new Shelf(JSON.stringify([exported('one')]))
  await t.rejects(
    sessions.restoreSessionState(shelf, { n8nMcp: {} }),
    { code: 'HOLDFAST_SNAPSHOT_FAILED', cause: { message: 'no key' } }
  )
})

t.test('a context is checked against its schema', async (t) => {
  const { sessions } = start({ isContext: context => (context as { instanceId?: string }).instanceId === 'tenant-1' })
  const report = await sessions.restoreSessionState(
    new Shelf(JSON.stringify([exported('one'), exported('two', { instanceId: 'other' })])), { n8nMcp: {} }
  )
  t.strictSame(report, {
    ...NOTHING,
    restored: 1,
    invalid: [{ line: 2, code: 'WRONG_CONTEXT', reason: 'the context does not match its schema' }]
  })
})

t.test('what nests very deeply is refused or taken, and never more than that', async (t) => {
  for (const depth of [1_000, 3_000, 5_000, 7_000, 10_000, 100_000]) {
    const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`
    const { report } = await restore(
      JSON.stringify([exported('one', { metadata: { x: 'NESTED' } }), exported('two')]).replace('"NESTED"', nested)
    )
    t.equal(report.restored + report.invalid.length, 2, `${depth} levels`)
    t.ok(report.restored >= 1)
  }
})

t.test('names that mean something to JavaScript are only names', async (t) => {
  const text = JSON.stringify([exported('one', { metadata: { x: 1 } })])
    .replace('"x":1', '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}')
  const { sessions } = await restore(text)
  t.match(JSON.stringify((await sessions.open('one', null))?.context), '__proto__')
  t.equal(({} as { polluted?: number }).polluted, undefined)
})

t.test('a file that holds no list says so', async (t) => {
  for (const content of ['{}', '', 'null', '"x"', 'a:b', '::', 'a:b:c:d', 'x'.repeat(10_000)]) {
    t.strictSame(
      (await restore(content)).report,
      { ...NOTHING, invalid: [{ line: 1, code: 'CANNOT_DECRYPT', reason: 'cannot be decrypted' }] },
      content.slice(0, 10)
    )
  }
  for (const content of ['[', '[1,', '[{]', `${'['.repeat(1_000_000)}`]) {
    t.strictSame((await restore(content)).report, {
      ...NOTHING, invalid: [{ line: 1, code: 'NOT_A_LIST', reason: 'not a list of sessions of n8n-mcp' }]
    })
  }
  t.strictSame((await restore('[]')).report, NOTHING)
})

t.test('a file that is too long is refused before it is taken into memory', async (t) => {
  let read = 0
  const chunk = Buffer.alloc(16 * 2 ** 20, ' ')
  const report = await start().sessions.restoreSessionState({
    write: async () => {},
    read: async function * () { for (; read < 100; read++) yield chunk } as never
  }, { n8nMcp: {} })
  t.strictSame(report, { ...NOTHING, invalid: [{ line: 1, code: 'TOO_LONG', reason: 'too long' }] })
  t.ok(read < 20)
})

const key = randomBytes(32)

/** `iv:authTag:ciphertext`, as its guide makes it. */
function encrypted (
  content: string,
  { encoding = 'base64', tagLength = 16, ivLength = 16 }: {
    encoding?: 'hex' | 'base64'
    tagLength?: number
    ivLength?: number
  } = {}
): string {
  const iv = randomBytes(ivLength)
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagLength })
  const sealed = Buffer.concat([cipher.update(content), cipher.final()])
  return [iv, cipher.getAuthTag(), sealed].map(part => part.toString(encoding)).join(':')
}

const list = JSON.stringify([exported('one')])

t.test('an encrypted file is read with its key, in any of its forms', async (t) => {
  for (const encoding of ['hex', 'base64'] as const) {
    for (const given of [
      key, new Uint8Array(key), key.toString('hex'), key.toString('base64'), key.toString('base64url')
    ]) {
      const { report, sessions } = await restore(`${encrypted(list, { encoding })}\n`, { key: given })
      t.strictSame(report, { ...NOTHING, restored: 1 })
      t.ok(await sessions.open('one', null))
    }
  }
  t.match((await restore(encrypted(list, { ivLength: 12 }), { key })).report, { restored: 1 })
  t.match((await restore(list, { key })).report, { restored: 1 }, 'and a plain one is read all the same')
})

t.test('with another key, a short tag or anything altered nothing is read', async (t) => {
  const whole = encrypted(list)
  const [iv = '', tag = '', sealed = ''] = whole.split(':')
  const flipped = Buffer.from(sealed, 'base64')
  flipped[0] = (flipped[0] ?? 0) ^ 1
  const files: Array<[content: string, key?: Uint8Array]> = [
    [whole, randomBytes(32)],
    [whole],
    [encrypted(list, { tagLength: 4 }), key],
    [encrypted(list, { tagLength: 12 }), key],
    [`${iv}:${Buffer.from(tag, 'base64').subarray(0, 4).toString('base64')}:${sealed}`, key],
    [`${iv}:${tag}:${flipped.toString('base64')}`, key],
    [`${iv}:${tag}`, key],
    [`${whole}:`, key],
    [`${whole}:AA`, key],
    [`:${tag}:${sealed}`, key],
    [`${iv}:${tag}:ü`, key],
    [whole.slice(0, -10), key]
  ]
  for (const [content, key] of files) {
    const { report } = await restore(content, key === undefined ? {} : { key })
    t.strictSame(report, { ...NOTHING, invalid: [{ line: 1, code: 'CANNOT_DECRYPT', reason: 'cannot be decrypted' }] })
  }
  t.match((await restore(encrypted('{}'), { key })).report.invalid, [
    { line: 1, code: 'NOT_A_LIST', reason: 'not a list of sessions of n8n-mcp' }
  ])
})

t.test('a key of another size is misuse, and not quoted', async (t) => {
  for (const wrong of [randomBytes(16), 'hush', 'hush!', key.toString('hex').slice(2), '']) {
    const error: Error = await restore(encrypted(list), { key: wrong })
      .then(() => t.fail('it was taken'), error => error)
    t.match(error, { code: 'HOLDFAST_INVALID_OPTION', path: 'key' })
    t.notMatch(error.stack, /hush!/)
  }
})

t.test('it says nothing of the manager\'s own snapshot', async (t) => {
  const snapshot = new Shelf('nonsense')
  const { sessions } = start({ snapshot })
  await sessions.restoreSessionState(undefined, { n8nMcp: {} })
  t.equal(sessions.incomplete, false)
  t.equal(snapshot.kept.length, 0)
})
