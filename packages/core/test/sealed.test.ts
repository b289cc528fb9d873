import { inspect } from 'node:util'
import t from 'tap'
import { type Sessions, keyLabel, recordKey, unsealed } from '../dist/index.js'
import { header, plainly, signed } from './fixtures/forge.js'
import { ADA, manager } from './fixtures/manager.js'
import { start } from './fixtures/process.js'
import { sealing } from './fixtures/sealing.js'
import { Shelf } from './fixtures/shelf.js'

t.test('with the wrong key nothing is lost, and with the right one everything is there again', async (t) => {
  const { backend, sessions } = start({ codec: sealing('k1') })
  const session = await sessions.create({ principal: ADA, data: { n: 1 } })
  const before = { ...backend.stored.get(session.key) }
  const wrong = manager({ backend, codec: sealing('k2') })
  const calls = [() => wrong.sessions.open(session.id, ADA), () => wrong.sessions.open(session.id, ADA)]
  for (const call of calls) await t.rejects(call(), { code: 'HOLDFAST_KEY_UNAVAILABLE' })
  t.notOk('state' in (await wrong.sessions.get({ id: session.id, principal: ADA }))!)
  await wrong.sessions.sweep()
  t.strictSame(backend.stored.get(session.key), before)
  t.strictSame((await sessions.open(session.id, ADA))?.data, { n: 1 })
})

t.test('a broken seal is an error that is reported, and the record stays', async (t) => {
  const { backend, sessions, heard } = start()
  const { id, key } = await sessions.create()
  const record = backend.stored.get(key)!
  record.body[record.body.length - 1]! ^= 1
  heard.length = 0
  await t.rejects(sessions.open(id, null), { code: 'HOLDFAST_INVALID_STATE' })
  t.match(heard, [{ event: 'unreadable', key, error: { code: 'HOLDFAST_INVALID_STATE' } }])
  t.equal(backend.stored.get(key), record)
})

t.test('neither snapshots nor notes of ends hold an id or what a session holds', async (t) => {
  const snapshot = new Shelf()
  const { backend, sessions } = start({ snapshot })
  const { id, key } = await sessions.create({
    principal: ADA, context: { apiKey: 'hush-context' }, data: { note: 'hush-data' }
  })
  await backend.events.append({ key, name: 's' }, [
    await sessions.vault.codec.seal('event', `${key}:s`, Buffer.from('hush-event'))
  ])
  await sessions.exportSessionState()
  const text = snapshot.bytes?.toString() ?? ''
  for (const line of snapshot.lines) {
    for (const [, part = ''] of line.matchAll(/"([\w-]{30,})"/g)) {
      t.notMatch(Buffer.from(part, 'base64url').toString('latin1'), /hush|ada/)
    }
  }
  t.notMatch(text, /hush|"ada"/)
  t.notOk(text.includes(id))
  await sessions.terminate({ id, principal: ADA })
  t.strictSame([...snapshot.ended], [key])
})

/** Everything that an error says, and those that caused it. */
function said (error: unknown): string {
  return `${inspect(error, { depth: 10 })} ${(error as Error).stack} ${JSON.stringify(error)}`
}

t.test('no id, no key, no context and no token is in an error, a report or an event', async (t) => {
  const canaries = /hush/
  const heard: string[] = []
  const listen = (sessions: Sessions): Sessions => {
    for (const event of [
      'unreadable', 'snapshotRestored', 'snapshotExported', 'error', 'terminated', 'limitReached'
    ] as const) {
      sessions.on(event, details => { heard.push(said(details)) })
    }
    return sessions
  }
  const attempt = async (work: Promise<unknown>): Promise<void> => {
    heard.push(said(await work.catch(error => error)))
  }

  const { backend, sessions } = start({ codec: unsealed })
  const { key, id } = await sessions.create({
    principal: { subject: 'hush-subject' }, context: { apiKey: 'hush-context' }, data: { note: 'hush-data' }
  })
  const record = backend.stored.get(key)!
  const texts = [
    '{"hush":',
    '{"schema":2,"context":"hush"}',
    'hush',
    Buffer.from(record.body).toString().replace('"handshake"', '"hush"')
  ]
  const lines = [
    ...texts.map(text => signed('record', plainly({ ...record, body: Buffer.from(text) }))),
    signed('record', plainly({ ...record, owner: '', key: recordKey('mcp', '', 'hush-id') })),
    signed('record', { ...plainly(record), version: 'hush' }),
    signed('record', '"hush'),
    signed('stream', '{"key":"hush"}'),
    signed('end', '"hush"'),
    'hush\n',
    '{"hush":"hush"}\n'
  ]
  const after = start({ codec: unsealed, isContext: () => false })
  listen(after.sessions)
  for (const content of [
    await header({ codec: unsealed }) + lines.join(''),
    'hush',
    '{"holdfast":"hush"}',
    '{"holdfast":"snapshot","format":1,"namespace":"hush"}',
    '{"holdfast":"snapshot","hush'
  ]) {
    await attempt(after.sessions.restoreSessionState(new Shelf(content)))
  }
  await attempt(after.sessions.restoreSessionState(
    new Shelf(await header({ codec: unsealed }) + signed('record', plainly(record))), { filter: () => true }
  ))
  const elements = [{ sessionId: 'hush id' }, { sessionId: 'hush', metadata: 'hush' }, 'hush', {
    sessionId: 'hush',
    metadata: { createdAt: new Date().toISOString(), lastAccess: new Date().toISOString() },
    context: { n8nApiUrl: 'https://hush.example', n8nApiKey: 'hush' }
  }]
  for (const content of [JSON.stringify(elements), '["hush', 'hush:hush:hush']) {
    await attempt(after.sessions.restoreSessionState(new Shelf(content), {
      n8nMcp: { key: Buffer.from('hush'.repeat(8)) }
    }))
    await attempt(after.sessions.restoreSessionState(new Shelf(content), { n8nMcp: { key: 'hush' } }))
  }
  for (const body of texts) {
    Object.assign(record, { body: Buffer.from(body) })
    const damaged = listen(manager({ backend, codec: unsealed }).sessions)
    await attempt(damaged.open(id, { subject: 'hush-subject' }))
    await attempt(damaged.exportSessionState(new Shelf(), { filter: ({ state }) => state === undefined }))
  }
  const shelf = new Shelf()
  await sessions.exportSessionState(shelf)
  await attempt(start({ codec: sealing('k1') }).sessions.restoreSessionState(shelf))
  await attempt(start({ codec: sealing('k1'), snapshot: shelf }).sessions.exportSessionState())
  await attempt(sessions.terminate({ id: 'hush', principal: { subject: 'hush' } }))
  t.ok(heard.length > 30, `${heard.length} things were said`)
  for (const text of heard) {
    t.notMatch(text, canaries)
    t.notOk(text.includes(id))
  }
  t.ok(heard.some(text => text.includes(keyLabel(key))), 'but which session it was about')
})
