import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { type Backend, type MirroredBackend, type NewRecord, Sessions, mirrored } from '../dist/index.js'
import { REMOVED } from '../dist/moving/change.js'
import { Follower } from '../dist/moving/follower.js'
import { PendingChanges } from '../dist/moving/pending-changes.js'
import { bytes, draft, given, UNLIMITED } from './fixtures/given.js'
import { outage } from './fixtures/manager.js'
import { held } from './fixtures/process.js'
import { Reference } from './fixtures/reference.js'

/** Whose clocks stand still, so that times can be compared. */
function pair () {
  const [primary, copy] = [new Reference(), new Reference()]
  return { primary, copy, backend: mirrored(primary, [copy]) }
}

async function caughtUp (...backends: Array<Pick<MirroredBackend, 'lag'>>): Promise<void> {
  while (backends.some(({ lag }) => lag.some(({ pending }) => pending > 0))) await turn()
}

function away (backend: Reference, cause = new Error('the copy is away')): () => void {
  const up = outage(backend, cause)
  backend.ping = async () => { throw cause }
  return () => {
    up()
    backend.ping = async () => {}
  }
}

t.test('a copy gets whatever is written, and no call waits for it', async t => {
  const { primary, copy, backend } = pair()
  Object.assign(primary, { status: () => ({ breaker: 'closed' }) })
  const sessions = new Sessions({ backend })
  let answer = (): void => {}
  const answered = new Promise<void>(resolve => { answer = resolve })
  const { create } = copy.records
  copy.records.create = async (record, limits) => {
    await answered
    return await create(record, limits)
  }
  const [one, two, three] = [
    await sessions.create({ data: { n: 1 } }), await sessions.create(), await sessions.create()
  ]
  for (let i = 0; i < 20; i++) await turn()
  t.equal(copy.stored.size, 0)
  t.match(backend.lag, [{ pending: 3 }])
  t.match(
    backend.status?.(), { breaker: 'closed', lag: { pending: 3, age: Number } }, 'with what the primary says of itself'
  )
  answer()
  await caughtUp(backend)
  t.strictSame(backend.status?.().lag, { pending: 0, age: 0 })
  t.strictSame(held(copy), held(primary))
  primary.now = copy.now += 5_000
  await one.update(data => { data.n++ })
  await one.update(data => { data.n++ })
  await sessions.touch(two)
  await backend.events.append({ key: two.key, name: 'open' }, [bytes('a'), bytes('b')], { head: bytes('head') })
  await sessions.terminate({ id: three.id, principal: null })
  await caughtUp(backend)
  await backend.events.delivered({ key: two.key, name: 'open' }, 1)
  await backend.events.append({ key: two.key, name: 'open' }, [bytes('c')], { end: true })
  await caughtUp(backend)
  t.strictSame(held(copy), held(primary))
  t.strictSame(await copy.records.removed([three.key]), [three.key])
  t.strictSame(backend.lag, [{ copy, pending: 0, age: 0 }])
})

t.test('of many creations whose answer was lost, a copy gets those that were stored', async t => {
  const { primary, copy, backend } = pair()
  const { createMany } = primary.records
  const [one, two] = [draft(), draft()]
  primary.records.createMany = async ([first], limits) => {
    await createMany([first as NewRecord], limits)
    throw new Error('the connection was cut')
  }
  await t.rejects(backend.records.createMany([one, two], UNLIMITED), { message: 'the connection was cut' })
  await caughtUp(backend)
  t.strictSame([...copy.stored.keys()], [one.key])
})

t.test('what was used, or changed by one version, is changed in place', async t => {
  const { primary, copy, backend } = pair()
  const [used, changed] = [await given(backend), await given(backend)]
  await caughtUp(backend)
  copy.records.create = copy.records.release = async () => { throw new Error('nothing is made anew') }
  primary.now = copy.now += 5_000
  t.equal(await backend.records.touch(used, 0).then(() => 0), 0)
  t.equal(await backend.records.touch(used, 1), 'current')
  t.equal(await backend.records.replace(changed, 1, bytes('changed')), 2)
  t.equal(await backend.records.reseal(used, 1, bytes('sealed anew')), true)
  await caughtUp(backend)
  t.strictSame(held(copy), held(primary))
  t.equal(await backend.records.touch('tag.unknown', 1), undefined)
  t.equal(await backend.records.replace(used, 7, bytes('x')), 'conflict')
  t.equal(await backend.records.reseal(used, 7, bytes('x')), false)
  t.equal(await backend.records.remove('tag.unknown'), undefined)
  t.equal(await backend.records.release(changed, 1), false)
  t.match(backend.lag, [{ pending: 0 }])
})

t.test('a copy that is away fails no call, shows how far it is behind, and catches up', async t => {
  const { primary, copy, backend } = pair()
  const [ended, changed] = [await given(backend), await given(backend)]
  await caughtUp(backend)
  const up = away(copy)
  await backend.records.remove(ended)
  for (let version = 1; version < 5; version++) await backend.records.replace(changed, version, bytes(`${version}`))
  await backend.events.append({ key: changed, name: 'open' }, [bytes('a')])
  const added = await given(backend)
  while (backend.lag[0]?.error === undefined) await turn()
  t.match(backend.lag, [{ pending: 3, error: { message: 'the copy is away' } }])
  t.ok((backend.lag[0]?.age ?? 0) > 0)
  up()
  const alive = setInterval(() => {}, 1000)
  await caughtUp(backend)
  clearInterval(alive)
  t.strictSame(held(copy), held(primary))
  t.ok(copy.stored.has(added))
  t.notOk('error' in (backend.lag[0] as object))
})

t.test('one session that a copy refuses does not keep others back', async t => {
  const { primary, copy, backend } = pair()
  const refused = draft()
  const { create } = copy.records
  copy.records.create = async (record, limits) => {
    if (record.key === refused.key) throw new Error('not this one')
    return await create(record, limits)
  }
  await backend.records.create(refused, UNLIMITED)
  for (let i = 0; i < 250; i++) await given(backend)
  while (copy.stored.size < 250) await turn()
  await backend.records.touch(refused.key, 1)
  t.equal(backend.lag[0]?.pending, 1)
  copy.records.create = create
  await backend.promote(copy)
  t.strictSame(held(copy), held(primary))
})

t.test('a copy that lacks too much to tell it apart is looked at whole', async t => {
  const [primary, copy] = [new Reference(), new Reference()]
  const follower = new Follower(copy, () => primary, 3)
  const up = away(copy)
  for (let i = 0; i < 5; i++) follower.add('', await given(primary), { kind: 'changed' })
  t.match(follower.lag, { pending: Infinity })
  await t.rejects(follower.settled(), { code: 'HOLDFAST_MIGRATION_STOPPED', cause: { message: 'the copy is away' } })
  t.match(follower.lag, { pending: Infinity })
  up()
  const { create } = copy.records
  copy.records.create = async () => { throw new Error('no') }
  await t.rejects(follower.settled(), { code: 'HOLDFAST_MIGRATION_STOPPED', report: { failed: { length: 5 } } })
  copy.records.create = create
  await follower.settled()
  t.strictSame(held(copy), held(primary))
  t.match(follower.lag, { pending: 0, age: 0 })
  await follower.settled()
})

t.test('a change during a failed update is not lost', async t => {
  const changes = new PendingChanges(10)
  t.equal(changes.add('', 'tag.one', { kind: 'used', version: 1 }), true)
  t.equal(changes.add('notes', 'tag.one', { kind: 'changed' }), true)
  const taken = changes.take(10)
  t.match(taken, [{ partition: '', pending: { kind: 'used' } }, { partition: 'notes', pending: { kind: 'changed' } }])
  changes.add('', 'tag.one', REMOVED)
  changes.putBack(taken)
  t.match(changes.take(10), [
    { partition: '', pending: { kind: 'removed' } },
    { partition: 'notes', pending: { kind: 'changed' } }
  ])
})

t.test('waiting for a copy ends with an error when its follower stops', async t => {
  const [primary, copy] = [new Reference(), new Reference()]
  const follower = new Follower(copy, () => primary)
  for (let i = 0; i < 250; i++) follower.add('', await given(primary), { kind: 'changed' })
  const settled = follower.settled()
  const stopped = follower.stop()
  await t.rejects(settled, { code: 'HOLDFAST_CLOSED' })
  await stopped
  t.ok(follower.lag.pending > 0)
})

t.test('backfill brings what was there before, and what changes meanwhile follows', async t => {
  const [primary, copy] = [new Reference(), new Reference()]
  const keys: string[] = []
  for (let i = 0; i < 10; i++) keys.push(await given(primary))
  const backend = mirrored(primary, [copy])
  const [changed, ended] = keys as [string, string]
  let acted: Promise<unknown> | undefined
  const [report] = await backend.backfill({
    batchSize: 3,
    onProgress: () => {
      acted ??= backend.records.replace(changed, 1, bytes('changed'))
        .then(async () => await backend.records.remove(ended))
    }
  })
  t.match(report, { copied: 10 })
  await caughtUp(backend)
  t.strictSame(held(copy), held(primary))
  t.match(await backend.backfill(), [{ copied: 0, skipped: 9 }])
})

t.test('a copy is promoted when it lacks nothing, and what served follows it', async t => {
  const { primary, copy, backend } = pair()
  const key = await given(backend)
  const first = await backend.records.list({ limit: 1 })
  t.equal(await backend.promote(copy), 0)
  t.equal(backend.serving, copy)
  t.strictSame(held(copy), held(primary))
  t.equal(await backend.records.replace(key, 1, bytes('changed')), 2)
  await backend.events.append({ key, name: 'open' }, [bytes('a')])
  await given(backend)
  await caughtUp(backend)
  t.strictSame(held(primary), held(copy))
  t.equal(await backend.promote(primary), 0)
  t.equal(backend.serving, primary)
  t.equal(first.records.length, 1)
  await t.rejects(backend.promote(primary), { name: 'InvalidOptionError', path: 'copy' })
})

t.test('a copy that is away is not promoted, and the primary goes on', async t => {
  const { primary, copy, backend } = pair()
  const up = away(copy)
  const key = await given(backend)
  await t.rejects(backend.promote(copy), { message: 'the copy is away' })
  t.equal(backend.serving, primary)
  t.equal(await backend.records.touch(key, 1), 'current')
  up()
  t.equal(await backend.promote(copy), 0)
})

t.test('for a primary that is lost a copy is promoted by force, and what ended stays ended', async t => {
  const { primary, copy, backend } = pair()
  const [ended, lost, kept] = [await given(backend), await given(backend), await given(backend)]
  await caughtUp(backend)
  const back = away(copy)
  await backend.records.remove(ended)
  await backend.records.replace(lost, 1, bytes('lost'))
  await t.rejects(backend.promote(copy), { message: 'the copy is away' })
  back()
  const up = away(primary, new Error('the primary is lost'))
  t.equal(await backend.promote(copy, { force: true }), 1)
  t.equal(await backend.records.read(ended), undefined)
  t.match(await backend.records.read(lost), { version: 1 })
  t.equal(await backend.records.touch(kept, 1), 'current')
  primary.stored.clear()
  up()
  const alive = setInterval(() => {}, 1000)
  await caughtUp(backend)
  clearInterval(alive)
  t.strictSame(held(primary), held(copy), 'it follows when it is back')
})

t.test('of two versions the newer wins, and of equal ones the primary\'s', async t => {
  const { primary, copy, backend } = pair()
  const [newer, equal] = [await given(backend), await given(backend)]
  await caughtUp(backend)
  await copy.records.replace(newer, 1, bytes('newer'))
  await copy.records.replace(newer, 2, bytes('newer still'))
  await copy.records.replace(equal, 1, bytes('the copy\'s'))
  for (const key of [newer, equal]) await backend.records.replace(key, 1, bytes('the primary\'s'))
  await caughtUp(backend)
  t.match(copy.stored.get(newer), { version: 3, body: bytes('newer still') })
  t.match(copy.stored.get(equal), { version: 2, body: bytes('the primary\'s') })
  await backend.events.drop(newer)
  await caughtUp(backend)
  t.match(copy.stored.get(newer), { version: 3 }, 'also when the whole is copied')
  t.equal(primary.stored.size, 2)
})

t.test('streams are the same, however far the copy is behind', async t => {
  const { primary, copy, backend } = pair()
  const key = await given(backend)
  const stream = { key, name: 'long' }
  const { events } = backend
  await events.append(stream, [bytes('0')], { head: bytes('head') })
  await caughtUp(backend)
  const up = away(copy)
  for (let i = 1; i < 40; i++) await events.append(stream, [bytes(`${i}`)])
  up()
  await backend.promote(copy)
  await backend.promote(primary)
  t.strictSame(held(copy), held(primary), 'what it lacks was trimmed')
  for (let i = 0; i < 5; i++) await copy.events.append(stream, [bytes('of the copy')])
  await events.append(stream, [bytes('more')])
  await caughtUp(backend)
  t.strictSame(held(copy), held(primary), 'it had gone on by itself')
  await events.append({ key, name: 'dropped' }, [bytes('a')])
  await events.drop(key)
  await events.importStream({
    key, name: 'imported', head: bytes('h'), floor: 7, entries: [bytes('a')], ended: true, delivered: 8
  })
  await caughtUp(backend)
  t.equal(
    await events.importStream({
      key, name: 'imported', head: bytes('h'), floor: 7, entries: [], ended: true, delivered: 8
    }),
    false
  )
  await events.delivered({ key, name: 'imported' }, 8)
  await events.append({ key, name: 'empty' }, [], { end: true })
  const [told] = await events.streams([key])
  t.equal(await events.reseal({ ...told as NonNullable<typeof told>, entries: [bytes('sealed anew')] }), true)
  await caughtUp(backend)
  t.strictSame(held(copy), held(primary))
  t.equal(await events.append({ key: 'tag.unknown', name: 'a' }, []), 'gone')
  await events.delivered({ key, name: 'unknown' }, 3)
  await caughtUp(backend)
  t.equal((await copy.events.streams([key])).length, 2)
})

t.test('an append that another process makes at the same time is put right', async t => {
  const { primary, copy, backend } = pair()
  const stream = { key: await given(backend), name: 'open' }
  await caughtUp(backend)
  const { append } = copy.events
  let others = 0
  copy.events.append = async (ref, entries, options) => {
    if (entries.length > 0 && others++ === 0) await append(ref, [bytes('of another process')])
    return await append(ref, entries, options)
  }
  await backend.events.append(stream, [bytes('a')])
  await caughtUp(backend)
  t.strictSame(held(copy), held(primary))
})

t.test('two copies are promoted one after the other', async t => {
  const [primary, one, two] = [new Reference(), new Reference(), new Reference()]
  const backend = mirrored(primary, [one, two])
  const key = await given(backend)
  await Promise.all([backend.promote(one), backend.promote(two)])
  t.equal(backend.serving, two)
  await backend.records.replace(key, 1, bytes('changed'))
  await caughtUp(backend)
  for (const follower of [primary, one]) t.strictSame(held(follower), held(two))
})

t.test('what expires or is released leaves nothing at the copy', async t => {
  const { primary, copy, backend } = pair()
  const [short, released, again] = [await given(backend, { idle: 500 }), await given(backend), await given(backend)]
  await caughtUp(backend)
  primary.now = copy.now += 1000
  t.match(await backend.records.claimExpired(10), { records: [{ key: short }] })
  t.equal(await backend.records.release(released, 1), true)
  t.equal(await backend.records.release(again, 1), true)
  await given(backend, { key: again, body: bytes('again') })
  await caughtUp(backend)
  t.strictSame(held(copy), held(primary))
  t.strictSame([...copy.stored.keys()], [again])
  t.strictSame(await copy.records.removed([short, released]), [])
})

t.test('two processes that mirror the same to the same end with the same', async t => {
  const { primary, copy, backend: one } = pair()
  const two = mirrored(primary, [copy])
  const keys: string[] = []
  for (let i = 0; i < 8; i++) keys.push(await given(one))
  let seed = 7
  const random = (below: number): number => (seed = (seed * 16_807) % 2_147_483_647) % below
  for (let i = 0; i < 600; i++) {
    const { records, events } = [one, two][random(2)] as Backend
    const key = keys[random(8)] as string
    const act = random(20)
    if (act < 8) await records.replace(key, (await primary.records.read(key))?.version ?? 1, bytes(`${i}`))
    else if (act < 12) await records.touch(key, (await primary.records.read(key))?.version ?? 1)
    else if (act < 18) await events.append({ key, name: 'open' }, [bytes(`${i}`)])
    else if (act === 18) await events.drop(key)
    else if (i % 5 === 0) {
      keys[keys.indexOf(key)] = (await records.remove(key), await given([one, two][random(2)] as Backend))
    }
    if (random(3) === 0) await turn()
  }
  await caughtUp(one, two)
  for (const key of keys) await one.events.drop(key)
  await caughtUp(one, two)
  t.strictSame(held(copy), held(primary))
})

t.test('a session that another process ends while it is copied does not stay at the copy', async t => {
  const { primary, copy, backend } = pair()
  const { create } = copy.records
  const record = draft()
  copy.records.create = async (copy, limits) => {
    await primary.records.remove(record.key)
    return await create(copy, limits)
  }
  await backend.records.create(record, UNLIMITED)
  await caughtUp(backend)
  t.equal(copy.stored.size, 0)
  t.strictSame(await copy.records.removed([record.key]), [record.key])
})

t.test('closing brings the copies up to date, and closes all', async t => {
  const [primary, copy, other] = [new Reference(), new Reference(), new Reference()]
  const closed: Reference[] = []
  for (const backend of [primary, copy, other]) backend.close = async () => { closed.push(backend) }
  const backend = mirrored(primary, [copy, other])
  away(other)
  const key = await given(backend)
  await backend.close()
  t.ok(copy.stored.has(key))
  t.equal(closed.length, 3)
})

t.test('it is durable when anything it writes to is, and its options are checked', async t => {
  const [one, two] = [new Reference(), Object.assign(new Reference(), { durable: true })]
  t.equal(mirrored(one, [new Reference()]).durable, false)
  t.equal(mirrored(one, [two]).durable, true)
  t.equal(mirrored(one, [two]).shared, true)
  await mirrored(one, [two]).ping()
  t.throws(() => mirrored(one, [one]), { name: 'InvalidOptionError', path: 'copies' })
})
