import t from 'tap'
import { type SessionSummary, Sessions, ownerDigest } from '../dist/index.js'
import { ADA, BOB, manager, outage } from './fixtures/manager.js'

t.test('a session is opened by its id and its owner, as it was created', async (t) => {
  const { sessions, heard } = manager()
  const created = await sessions.create({
    principal: ADA,
    client: { name: 'client', version: '1' },
    handshake: { initialize: { capabilities: {} }, protocolVersion: '2025-11-25' },
    context: { region: 'north' },
    data: { n: 1 }
  })
  t.strictSame(heard, [{
    event: 'created',
    label: created.key.split('.')[1]?.slice(0, 8),
    key: created.key,
    owner: created.owner,
    principal: ADA,
    client: { name: 'client', version: '1' }
  }])
  const opened = await sessions.open(created.id, ADA)
  t.not(opened, created)
  t.match(opened, {
    id: created.id,
    key: created.key,
    owner: created.owner,
    version: 1,
    principal: ADA,
    context: { region: 'north' },
    data: { n: 1 }
  })
  t.strictSame(opened?.state, created.state)
})

t.test('without anything, a session is nobody\'s and empty', async (t) => {
  const { sessions } = manager()
  const { id, owner, principal, context, data } = await sessions.create()
  t.strictSame({ owner, principal, context, data }, { owner: '', principal: null, context: null, data: {} })
  t.ok(await sessions.open(id, null))
})

t.test('neither the id nor more of the principal than who it is reaches the backend', async (t) => {
  const { backend, sessions } = manager()
  const known = { ...ADA, token: 'hush' }
  const { id, key } = await sessions.create({ principal: known })
  const { body, ...record } = backend.stored.get(key)!
  t.notMatch(Buffer.from(body).toString(), /hush/)
  t.notOk(JSON.stringify(record).includes(id) || Buffer.from(body).includes(id))
})

t.test('somebody else\'s session is a miss in every way', async (t) => {
  const { backend, sessions } = manager()
  const { id } = await sessions.create({ principal: ADA })
  const { id: nobodys } = await sessions.create()
  const misses = [
    [id, BOB], [id, null], [id, { subject: 'ada' }], [id, { ...ADA, tenantId: '' }], [nobodys, ADA],
    ['unknown', ADA], ['', ADA], ['a b', ADA], ['x'.repeat(257), ADA]
  ] as const
  for (const [id, principal] of misses) {
    t.equal(await sessions.open(id, principal), undefined)
    t.equal(await sessions.get({ id, principal }), undefined)
    t.equal(await sessions.terminate({ id, principal }), false)
  }
  t.equal(backend.stored.size, 2)
  const other = new Sessions({ backend, namespace: 'other' })
  t.equal(await other.open(id, ADA), undefined)
  t.equal(await other.terminate({ id: nobodys, principal: null }), false)
})

t.test('what cannot be an id is not even asked for', async (t) => {
  const { backend, sessions } = manager()
  outage(backend)
  t.equal(await sessions.open('a\r\nb', null), undefined)
})

t.test('opening and touching are uses, looking is none', async (t) => {
  const { backend, sessions } = manager()
  const session = await sessions.create({ principal: ADA })
  const usedAt = async () => (await sessions.get({ id: session.id, principal: ADA }))?.usedAt
  const start = backend.now
  backend.now += 1_000
  t.equal(await usedAt(), start)
  await sessions.list()
  t.equal(await usedAt(), start)
  await sessions.open(session.id, ADA)
  t.equal(await usedAt(), start + 1_000)
  backend.now += 1_000
  t.equal(await sessions.touch(session), true)
  t.equal(await usedAt(), start + 2_000)
})

t.test('a touch brings what others changed', async (t) => {
  const { backend, sessions } = manager()
  const session = await sessions.create({ principal: ADA })
  const other = await manager({ backend }).sessions.open(session.id, ADA)
  await other?.update(data => { data.n = 1 })
  t.strictSame(session.data, {})
  t.equal(await sessions.touch(session), true)
  t.strictSame(session.data, { n: 1 })
  t.equal(session.version, 2)
  t.equal(await sessions.touch(session), true)
  await sessions.terminate({ id: session.id, principal: ADA })
  t.equal(await sessions.touch(session), false)
})

t.test('get says what is known without an id', async (t) => {
  const { backend, sessions } = manager({ ttl: { idle: '1m', absolute: '1h' } })
  const { id, key, owner, state } = await sessions.create({ principal: ADA })
  const { now } = backend
  t.strictSame(await sessions.get({ id, principal: ADA }), {
    label: key.split('.')[1]?.slice(0, 8),
    key,
    owner,
    createdAt: now,
    usedAt: now,
    version: 1,
    expiresAt: now + 60_000,
    state
  })
})

t.test('sessions are listed page by page, of all or of one principal', async (t) => {
  const { sessions } = manager()
  const keys = []
  for (let i = 0; i < 7; i++) keys.push((await sessions.create({ principal: i % 2 === 0 ? ADA : BOB })).key)
  const first = await sessions.list({ limit: 3 })
  t.strictSame(first.sessions.map(({ key }) => key), keys.slice(0, 3))
  const second = await sessions.list({ limit: 3, cursor: first.cursor! })
  const third = await sessions.list({ limit: 3, cursor: second.cursor! })
  t.strictSame([...second.sessions, ...third.sessions].map(({ key }) => key), keys.slice(3))
  t.notOk('cursor' in third)
  const { sessions: bobs } = await sessions.list({ principal: BOB })
  t.strictSame(bobs.map(({ state }) => state?.principal), [BOB, BOB, BOB])
  const [{ key, owner }] = bobs as [SessionSummary]
  t.strictSame((await sessions.list({ owner })).sessions, bobs)
  t.strictSame(await sessions.get({ key }), bobs[0])
  t.equal(await sessions.get({ key: key.replace(/.$/, '_') }), undefined)
  t.equal(await sessions.count(), 7)
  t.equal(await sessions.count({ principal: ADA }), 4)
})

t.test('each goes through all pages', async (t) => {
  const { backend, sessions } = manager()
  for (let i = 0; i < 250; i++) await sessions.create({ principal: i < 120 ? ADA : BOB })
  const { list } = backend.records
  let pages = 0
  backend.records.list = async query => { pages++; return await list(query) }
  const seen = new Set<string>()
  for await (const { key } of sessions.each()) seen.add(key)
  t.equal(seen.size, 250)
  t.equal(pages, 3)
  let adas = 0
  for await (const { state } of sessions.each({ principal: ADA })) if (state?.principal?.subject === 'ada') adas++
  t.equal(adas, 120)
})

t.test('a session as listed, a session itself and an event of it are references to it', async (t) => {
  const { sessions } = manager()
  const one = await sessions.create({ principal: ADA })
  const two = await sessions.create({ principal: ADA })
  const three = await sessions.create()
  const listed = (await sessions.get(one))!
  t.strictSame(await sessions.get({ id: one.id, principal: ADA }), listed)
  t.equal(await sessions.terminate({ ...listed, owner: ownerDigest('mcp', BOB) }), false, 'a key of another owner')
  t.equal(await sessions.terminate({ key: 'k', owner: '' }), false)
  t.equal(await sessions.terminate(listed), true)
  t.equal(await sessions.terminate(listed), false)
  const stop = sessions.on('terminated', async event => { t.equal(await sessions.get(event), undefined) })
  t.equal(await sessions.terminate(two), true)
  t.equal(await sessions.terminate(three), true)
  stop()
  t.equal(await sessions.count(), 0)
})

t.test('what names no session and no owner is refused, and ends nothing', async (t) => {
  const { backend, sessions } = manager()
  const { id, key } = await sessions.create({ principal: ADA })
  const wrong = { code: 'HOLDFAST_INVALID_OPTION', path: /session|principal/ }
  for (const ref of [
    undefined, null, 'x', id, {}, { id }, { id, principal: undefined }, { owner: 'x' }, { key, owner: 7 }, [key]
  ]) {
    await t.rejects(sessions.terminate(ref as never), wrong, JSON.stringify(ref))
    await t.rejects(sessions.get(ref as never), wrong, JSON.stringify(ref))
  }
  await t.rejects(sessions.terminate({ key } as never), wrong, 'the event needs the owner')
  for (const ref of [
    null, 'x', {}, ADA, { owner: undefined }, { owner: null }, { principal: undefined }, { principal: 'ada' }
  ]) {
    const named = { code: 'HOLDFAST_INVALID_OPTION', path: /owner|principal/ }
    await t.rejects(sessions.terminateAll(ref as never), named, JSON.stringify(ref))
    await t.rejects(sessions.count(ref as never), named, JSON.stringify(ref))
    await t.rejects(sessions.each(ref as never).next(), named, JSON.stringify(ref))
  }
  await t.rejects(sessions.terminateAll(undefined as never), { code: 'HOLDFAST_INVALID_OPTION', path: 'owner' })
  for (const query of [{ owner: undefined }, { principal: undefined }, { owner: null }]) {
    await t.rejects(sessions.list(query as never), { code: 'HOLDFAST_INVALID_OPTION' }, JSON.stringify(query))
  }
  t.equal(backend.stored.size, 1)
})

t.test('a null that got past the types means neither everyone nor all that are nobody\'s', async (t) => {
  const { backend, sessions } = manager()
  await sessions.create()
  await sessions.create({ principal: ADA })
  const nobody = null as never
  const wrong = { code: 'HOLDFAST_INVALID_OPTION', path: 'principal' }
  await t.rejects(sessions.terminateAll({ principal: nobody }), wrong)
  await t.rejects(sessions.list({ principal: nobody }), wrong)
  await t.rejects(sessions.count({ principal: nobody }), wrong)
  await t.rejects(sessions.each({ principal: nobody }).next(), wrong)
  t.equal(backend.stored.size, 2)
})

t.test('what is no principal opens and creates nothing', async (t) => {
  const { backend, sessions } = manager()
  const wrong = { code: 'HOLDFAST_INVALID_OPTION', path: 'principal' }
  await t.rejects(sessions.create({ principal: { subject: undefined } as never }), wrong)
  await t.rejects(sessions.create({ principal: '' as never }), wrong)
  await t.rejects(sessions.open('id', { subject: '' }), wrong)
  t.equal(backend.stored.size, 0)
})

t.test('a state that cannot be kept is refused before anything is stored', async (t) => {
  const { backend, sessions } = manager({ limits: { maxStateBytes: 500 } })
  await t.rejects(sessions.create({ data: { text: 'x'.repeat(500) } }), { code: 'HOLDFAST_STATE_TOO_LARGE' })
  await t.rejects(sessions.create({ data: [] as never }), { code: 'HOLDFAST_INVALID_OPTION', path: 'create' })
  await t.rejects(
    sessions.create({ handshake: { initialize: 'text' as never } }), { code: 'HOLDFAST_INVALID_OPTION', path: 'create' }
  )
  t.equal(backend.stored.size, 0)
})

t.test('an id that is minted twice is never shared', async (t) => {
  const { backend, sessions } = manager()
  backend.records.create = async () => 'exists'
  await t.rejects(sessions.create(), { message: 'an id was minted twice' })
})
