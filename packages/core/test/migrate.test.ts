import t from 'tap'
import { HoldfastError, type MigrationReport, MigrationStopped, Sessions, migrate } from '../dist/index.js'
import { Fingerprints } from '../dist/moving/fingerprints.js'
import { bytes, draft, given } from './fixtures/given.js'
import { ADA, outage } from './fixtures/manager.js'
import { held } from './fixtures/process.js'
import { Reference } from './fixtures/reference.js'

const NOTHING: MigrationReport = {
  copied: 0, updated: 0, skipped: 0, ended: 0, expired: 0, deleted: 0, bytes: 0, failed: []
}

/** Two backends, the first with so many sessions. */
async function pair (amount = 0) {
  const [from, to] = [new Reference(), new Reference()]
  const keys: string[] = []
  for (let i = 0; i < amount; i++) keys.push(await given(from, { subject: `owner ${i % 3}`, body: bytes(`body ${i}`) }))
  return { from, to, keys, key: keys[0] as string }
}

/** Does something once, after the first batch. The reference does it before the next. */
function afterFirst (act: () => Promise<unknown>) {
  let acted: Promise<unknown> | undefined
  return { onProgress: () => { acted ??= act() } }
}

async function stopped (run: Promise<unknown>): Promise<MigrationStopped> {
  try {
    await run
  } catch (error) {
    if (error instanceof MigrationStopped) return error
    throw error
  }
  throw new Error('it was not stopped')
}

t.test('sessions and their streams are at the target exactly as they are at the source', async t => {
  const { from, to } = await pair()
  const before = new Sessions({ backend: from })
  const session = await before.create({ principal: ADA, data: { n: 1 } })
  await before.create()
  from.now += 20_000
  await session.update(data => { data.n = 2 })
  const stream = { key: session.key, name: 'open' }
  await from.events.append(stream, [bytes('a'), bytes('b')], { head: bytes('head') })
  await from.events.delivered(stream, 1)
  await from.events.append({ ...stream, name: 'ended' }, [bytes('c')], { end: true })
  await from.events.append({ ...stream, name: 'trimmed' }, Array.from({ length: 20 }, (_, i) => bytes(`${i}`)))
  to.now = from.now += 10_000
  const size = [...from.stored.values()].reduce((sum, { body }) => sum + body.length, 0)
  t.strictSame(await migrate(from, to), { ...NOTHING, copied: 2, bytes: size + 7 + 22 })
  t.strictSame(held(to), held(from))
  t.strictSame((await new Sessions({ backend: to }).open(session.id, ADA))?.data, { n: 2 })
})

t.test('running it again changes nothing', async t => {
  const { from, to, key } = await pair(7)
  await from.events.append({ key, name: 'open' }, [bytes('a')])
  await migrate(from, to, { batchSize: 3 })
  const before = held(to)
  t.strictSame(await migrate(from, to, { batchSize: 3 }), { ...NOTHING, skipped: 7 })
  t.strictSame(held(to), before)
})

t.test('what is newer wins, wherever it is', async t => {
  const { from, to, keys } = await pair(6)
  const [changed, used, streaming, there, usedThere] = keys as [string, string, string, string, string]
  await migrate(from, to)
  from.now = to.now += 1000
  await from.records.replace(changed, 1, bytes('changed'))
  await from.records.touch(used, 1)
  await from.events.append({ key: streaming, name: 'new' }, [bytes('a')])
  await to.records.replace(there, 1, bytes('changed there'))
  await to.records.touch(usedThere, 1)
  t.strictSame(await migrate(from, to), { ...NOTHING, updated: 2, skipped: 4, bytes: 7 + 6 })
  for (const key of [changed, used]) t.strictSame(to.stored.get(key), from.stored.get(key))
  t.equal((await to.events.streams([streaming])).length, 1)
  t.match(to.stored.get(there), { version: 2, body: Buffer.from('changed there') })
  t.equal(to.stored.get(usedThere)?.usedAt, to.now)
})

for (const [what, change] of Object.entries({
  'more events': async (backend: Reference, key: string) =>
    await backend.events.append({ key, name: 'open' }, [bytes('more')]),
  'its end': async (backend: Reference, key: string) =>
    await backend.events.append({ key, name: 'open' }, [], { end: true }),
  'a delivery': async (backend: Reference, key: string) => { await backend.events.delivered({ key, name: 'open' }, 1) }
})) {
  t.test(`a stream with ${what} is copied again, and one that has them at the target stays`, async t => {
    for (const side of ['from', 'to'] as const) {
      const { from, to, key } = await pair(1)
      await from.events.append({ key, name: 'open' }, [bytes('a')])
      await migrate(from, to)
      await change({ from, to }[side], key)
      const wanted = held({ from, to }[side])
      t.match(await migrate(from, to), side === 'from' ? { updated: 1, skipped: 0 } : { updated: 0, skipped: 1 })
      t.strictSame(held(to), wanted)
    }
  })
}

t.test('what changes, begins, ends or expires while it runs is right at its end', async t => {
  const { from, to } = await pair(12)
  const short = await given(from, { idle: 500 })
  from.order.set(short, 0.1)
  const { records } = await from.records.list({ limit: 4 })
  const [, changed, used, removed] = records.map(({ key }) => key) as [string, string, string, string]
  const endedThere = await given(from)
  await given(to, { key: endedThere })
  await to.records.remove(endedThere)
  let begun = ''
  const report = await migrate(from, to, {
    batchSize: 4,
    ...afterFirst(async () => {
      from.now = to.now += 1000
      await from.records.replace(changed, 1, bytes('changed'))
      await from.records.touch(used, 1)
      await from.records.touch(endedThere, 1)
      await from.records.remove(removed)
      await from.records.claimExpired(10)
      begun = await given(from)
      from.order.set(begun, 0.2)
    })
  })
  t.match(report, { copied: 14, updated: 2, skipped: 1, ended: 1, expired: 1 })
  t.strictSame((await to.records.claimExpired(10)).records.map(({ key }) => key), [short])
  from.forget(endedThere)
  t.strictSame(held(to), held(from))
  t.ok(to.stored.has(begun))
  t.strictSame(await to.records.removed([removed]), [removed], 'it cannot come back')
})

t.test('what ended at the source between two runs ends at the target, and what began at the target stays', async t => {
  const { from, to, keys, key } = await pair(5)
  await migrate(from, to)
  const own = await given(to)
  await from.records.remove(key)
  t.match(await migrate(from, to, { batchSize: 2 }), { ended: 1, skipped: 4, expired: 0 })
  t.strictSame([...to.stored.keys()].toSorted(), [...keys.slice(1), own].toSorted())
  t.match(await migrate(from, to), { ended: 0, skipped: 4 })
})

t.test('what ended at the target stays ended', async t => {
  const { from, to, key } = await pair(2)
  await migrate(from, to)
  await to.records.remove(key)
  from.now = to.now += 1000
  await from.records.replace(key, 1, bytes('changed'))
  t.match(await migrate(from, to), { copied: 0, updated: 0, skipped: 2 })
  t.equal(to.stored.size, 1)
})

t.test('a copy that expired at the target, while the session was used at the source, is no obstacle', async t => {
  const { from, to, key } = await pair(1)
  await migrate(from, to)
  from.now += 50_000
  await from.records.touch(key, 1)
  to.now = from.now += 50_000
  t.equal(await to.records.read(key), undefined)
  await migrate(from, to)
  t.strictSame(held(to), held(from))
})

t.test('a run that is interrupted goes on where it was', async t => {
  const { from, to } = await pair(30)
  const abort = new AbortController()
  const reason = new Error('enough')
  const error = await stopped(migrate(from, to, {
    batchSize: 3,
    signal: abort.signal,
    onProgress: ({ copied }) => { if (copied === 6) abort.abort(reason) }
  }))
  t.match(error, {
    name: 'HoldfastError', code: 'HOLDFAST_MIGRATION_STOPPED', cause: reason, report: { failed: [] }
  })
  const { copied } = error.report
  t.ok(copied >= 6 && copied <= 12, `the batches under way are copied: ${copied}`)
  t.equal(to.stored.size, copied)
  t.match(await migrate(from, to, { batchSize: 3 }), { copied: 30 - copied, skipped: copied })
  t.strictSame(held(to), held(from))
})

t.test('an interruption while it looks again is as harmless', async t => {
  for (const after of [5, 8]) {
    const { from, to, key } = await pair(10)
    await given(to)
    const abort = new AbortController()
    let batches = 0
    await stopped(migrate(from, to, {
      batchSize: 3, signal: abort.signal, onProgress: () => { if (++batches === after) abort.abort() }
    }))
    await from.records.remove(key)
    t.match(await migrate(from, to), { skipped: 9, ended: 1 })
  }
})

t.test('a target that fills up stops it, and says how far it came', async t => {
  const { from, to } = await pair(10)
  const { create } = to.records
  to.records.create = async (record, limits) => await create(record, { ...limits, maxRecords: 4 })
  const error = await stopped(migrate(from, to, { batchSize: 3 }))
  t.match(error, {
    code: 'HOLDFAST_MIGRATION_STOPPED', cause: { code: 'HOLDFAST_BACKEND_FULL' }, report: { copied: 4, failed: [] }
  })
  to.records.create = create
  t.match(await migrate(from, to), { copied: 6, skipped: 4 })
  t.strictSame(held(to), held(from))
})

t.test('a target without room for a stream stops it, too, and the stream comes later', async t => {
  const { from, to, key } = await pair(2)
  await from.events.append({ key, name: 'open' }, [bytes('a')])
  const { importStream } = to.events
  to.events.importStream = async () => { throw new HoldfastError('HOLDFAST_BACKEND_FULL') }
  t.match(await stopped(migrate(from, to)), { cause: { code: 'HOLDFAST_BACKEND_FULL' } })
  to.events.importStream = importStream
  await migrate(from, to)
  t.strictSame(held(to), held(from))
})

t.test('an outage of either side stops it, and nothing is lost', async t => {
  for (const [side, after] of [['from', 1], ['from', 3], ['to', 1]] as const) {
    const { from, to } = await pair(6)
    const cause = new Error('connection lost')
    const backend = { from, to }[side]
    let batches = 0
    let up = (): void => {}
    const onProgress = (): void => {
      if (++batches !== after) return
      up = outage(backend, cause)
      backend.ping = async () => { throw cause }
    }
    t.match(await stopped(migrate(from, to, { batchSize: 2, onProgress })), { cause, report: { copied: 2 * after } })
    up()
    backend.ping = async () => {}
    await migrate(from, to)
    t.strictSame(held(to), held(from))
  }
})

t.test('a session that is refused stops nothing: it is tried again, then named without its key', async t => {
  const { from, to, keys } = await pair(8)
  const [once, always] = keys as [string, string]
  const refused: string[] = []
  const { create } = to.records
  to.records.create = async (record, limits) => {
    if (record.key === always || (record.key === once && !refused.includes(once))) {
      refused.push(record.key)
      throw Object.assign(new Error(`no ${record.key}`), { code: 'REDIS_FOREIGN' })
    }
    return await create(record, limits)
  }
  const report = await migrate(from, to)
  t.match(report, { copied: 7, failed: [{ session: always.split('.')[1]?.slice(0, 8), reason: 'REDIS_FOREIGN' }] })
  t.notMatch(JSON.stringify(report), always.split('.')[1] as string)
  to.records.create = create
  t.match(await migrate(from, to), { copied: 1, skipped: 7, failed: [] })
})

t.test('of a great many that are refused the last are counted', async t => {
  const { from, to } = await pair(1005)
  to.records.create = async () => { throw new RangeError('no') }
  const { failed } = await migrate(from, to)
  t.equal(failed.length, 1001)
  t.strictSame(failed.slice(-2).map(({ reason }) => reason), ['RangeError', '5 more'])
})

t.test('with deleteAfterMigration nothing is left at the source, and the way back is open', async t => {
  const { from, to, keys } = await pair(7)
  const before = held(from)
  t.match(await migrate(from, to, { deleteAfterMigration: true, batchSize: 3 }), {
    copied: 7, deleted: 7, ended: 0, expired: 0
  })
  t.equal(from.stored.size, 0)
  t.strictSame(held(to), before)
  t.strictSame(await from.records.removed(keys), [])
  t.match(await migrate(from, to), { copied: 0, ended: 0 }, 'what was moved has not ended')
  t.equal(to.stored.size, 7)
  await migrate(to, from, { deleteAfterMigration: true })
  t.strictSame(held(from), before)
})

t.test('what could not be copied, or changes at the last moment, is not deleted', async t => {
  const { from, to, keys } = await pair(3)
  const [refused, changing] = keys as [string, string]
  const { create } = to.records
  to.records.create = async (record, limits) => {
    if (record.key === refused) throw new Error('no')
    return await create(record, limits)
  }
  const { release } = from.records
  from.records.release = async (key, version) => {
    if (key === changing) await from.records.replace(changing, 1, bytes('changed'))
    return await release(key, version)
  }
  t.match(await migrate(from, to, { deleteAfterMigration: true }), {
    copied: 2, deleted: 1, failed: [{ reason: 'Error' }]
  })
  t.strictSame([...from.stored.keys()].toSorted(), [refused, changing].toSorted())
  to.records.create = create
  from.records.release = release
  t.match(await migrate(from, to, { deleteAfterMigration: true }), { copied: 1, updated: 1, deleted: 2 })
})

t.test('skipExisting leaves what is there, but adds the streams that an interrupted run left out', async t => {
  const { from, to, keys } = await pair(3)
  const [older, without] = keys as [string, string]
  await migrate(from, to)
  await from.records.replace(older, 1, bytes('newer'))
  await from.events.append({ key: without, name: 'open' }, [bytes('a')])
  t.match(await migrate(from, to, { skipExisting: true }), { copied: 0, updated: 0, skipped: 3 })
  t.equal(to.stored.get(older)?.version, 1)
  t.equal((await to.events.streams([without])).length, 1)
})

t.test('a filter chooses', async t => {
  const { from, to } = await pair(6)
  const { owner } = [...from.stored.values()][0] as { owner: string }
  t.match(await migrate(from, to, { filter: record => record.owner === owner }), { copied: 2, skipped: 0 })
  t.ok([...to.stored.values()].every(record => record.owner === owner))
})

t.test('the place that the sessions are in is no target, and neither are batches of nothing', async t => {
  const { from, to } = await pair(1)
  await t.rejects(migrate(from, from), { name: 'InvalidOptionError', path: 'to' })
  for (const batchSize of [0, 1.5, NaN]) {
    await t.rejects(migrate(from, to, { batchSize }), { name: 'InvalidOptionError', path: 'batchSize' })
  }
  t.equal(from.stored.size, 1)
})

t.test('ten thousand sessions are remembered apart', async t => {
  const fingerprints = new Fingerprints()
  const wholes = Array.from({ length: 10_000 }, (_, i) => ({
    head: { key: draft().key, version: 1 + i % 3, usedAt: i }, streams: []
  }))
  for (const whole of [...wholes, ...wholes.slice(0, 10)]) fingerprints.add(whole)
  t.equal(fingerprints.unseen, 10_000)
  t.ok(wholes.slice(5_000).every(whole => fingerprints.markSeen(whole)))
  t.equal(fingerprints.unseen, 5_000)
  const later = wholes.map(({ head, streams }) => ({ head: { ...head, usedAt: head.usedAt + 1 }, streams }))
  t.notOk(later.some(whole => fingerprints.markSeen(whole)))
  t.equal(fingerprints.unseen, 0)
  const other = draft()
  t.notOk(fingerprints.has(other.key))
  t.notOk(fingerprints.markSeen({ head: { key: other.key, version: 1, usedAt: 0 }, streams: [] }))
})
