import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { HoldfastError, type Session, type SnapshotStore, file } from '../dist/index.js'
import { ADA } from './fixtures/manager.js'
import { start } from './fixtures/process.js'
import { Shelf } from './fixtures/shelf.js'

type Process = ReturnType<typeof start>

const bytes = (...texts: string[]): Uint8Array[] => texts.map(text => Buffer.from(text))

/** Processes with one snapshot, which have restored it; what each has merged. */
async function sharing (snapshots: SnapshotStore[]): Promise<Array<Process & { merged: unknown[] }>> {
  return await Promise.all(snapshots.map(async snapshot => {
    const one = start({ snapshot })
    await one.sessions.restoreSessionState()
    const merged: unknown[] = []
    one.sessions.on('snapshotMerged', report => { merged.push(report) })
    return { ...one, merged }
  }))
}

type Pair = [Process & { merged: unknown[] }, Process & { merged: unknown[] }]

t.test('what began in one process is not overwritten by the other', async t => {
  const snapshot = new Shelf()
  const [old, young] = await sharing([snapshot, snapshot]) as Pair
  const a = await old.sessions.create({ principal: ADA, data: { n: 1 } })
  const b = await young.sessions.create({ data: { n: 2 } })
  await old.sessions.exportSessionState()
  t.strictSame(old.merged, [])
  t.match(await young.sessions.exportSessionState(), { exported: 2 })
  t.match(young.merged, [{ restored: 1, duplicate: 0, invalid: [] }])
  t.strictSame((await young.sessions.open(a.id, ADA))?.data, { n: 1 })
  const [next] = await sharing([snapshot])
  t.equal(await next?.sessions.count(), 2)
  t.strictSame((await next?.sessions.open(b.id, null))?.data, { n: 2 })
})

t.test('of a session that both have, the newer version goes on, and no later change is lost to it', async t => {
  const snapshot = new Shelf()
  const [first] = await sharing([snapshot])
  const { id, key } = await first?.sessions.create({ data: { n: 0 } }) ?? {}
  await first?.backend.events.append({ key: key as string, name: 's' }, bytes('1', '2'))
  await first?.sessions.exportSessionState()
  const [old, young] = await sharing([snapshot, snapshot]) as Pair
  const theirs = await old.sessions.open(id as string, null)
  for (let n = 1; n <= 5; n++) await theirs?.update(data => { data.n = n })
  await old.backend.events.append({ key: key as string, name: 's' }, bytes('3'), { end: true })
  await old.backend.events.append({ key: key as string, name: 'other' }, bytes('1'))
  await old.sessions.exportSessionState()
  const ours = await young.sessions.open(id as string, null)
  await young.sessions.exportSessionState()
  t.strictSame((await young.sessions.open(id as string, null))?.data, { n: 5 })
  t.equal(await young.sessions.touch(ours as NonNullable<typeof ours>), true)
  t.strictSame(ours?.data, { n: 5 }, 'who uses it sees the change')
  const page = await young.backend.events.readAfter({ key: key as string, name: 's' }, 0, 10)
  t.strictSame(page?.entries.map(({ body }) => Buffer.from(body).toString()), ['1', '2', '3'])
  t.equal(page?.ended, true)
  t.ok(await young.backend.events.readAfter({ key: key as string, name: 'other' }, 0, 10))
  await ours?.update(data => { data.n = 6 })
  await old.sessions.exportSessionState()
  await young.sessions.exportSessionState()
  await old.sessions.exportSessionState()
  for (const { sessions } of [old, young]) t.strictSame((await sessions.open(id as string, null))?.data, { n: 6 })
})

/** Two processes that have a session, which was changed in the first and is in the snapshot so. */
async function changedElsewhere (changes: number, version?: number): Promise<{ id: string, pair: Pair }> {
  const snapshot = new Shelf()
  const [first] = await sharing([snapshot])
  const { id, key } = await first?.sessions.create({ data: { n: 0 } }) as Session
  await first?.sessions.exportSessionState()
  const pair = await sharing([snapshot, snapshot]) as Pair
  const [old] = pair
  const theirs = await old.sessions.open(id, null)
  for (let n = 1; n <= changes; n++) await theirs?.update(data => { data.n = n })
  const record = old.backend.stored.get(key)
  if (record !== undefined && version !== undefined) record.version = version
  await old.sessions.exportSessionState()
  return { id, pair }
}

t.test('a record that is far behind is brought up to date as well, also one that is forged to be', async t => {
  for (const version of [undefined, 1_000_000]) {
    const { id, pair: [, young] } = await changedElsewhere(1_100, version)
    await young.sessions.exportSessionState()
    t.strictSame((await young.sessions.open(id, null))?.data, { n: 1_100 })
  }
})

t.test('a session that changes here while it is merged keeps the change', async t => {
  const { id, pair: [, young] } = await changedElsewhere(3)
  const ours = await young.sessions.open(id, null)
  const { replace } = young.backend.records
  young.backend.records.replace = async (key, version, body) => {
    young.backend.records.replace = replace
    await ours?.update(data => { data.mine = true })
    return await replace.call(young.backend.records, key, version, body)
  }
  await young.sessions.exportSessionState()
  t.strictSame((await young.sessions.open(id, null))?.data, { n: 0, mine: true })
})

t.test('a session that is used in one process does not expire in the other, nor is it kept alive in turns', async t => {
  const snapshot = new Shelf()
  const [first] = await sharing([snapshot])
  const long = 0.95 * (first?.sessions.vault.idle ?? 0)
  if (first !== undefined) first.backend.now -= long
  const { id, key } = await first?.sessions.create() as Session
  await first?.sessions.exportSessionState()
  const [old, young] = await sharing([snapshot, snapshot]) as Pair
  for (const one of [old, young]) one.backend.now = (first?.backend.now ?? 0)
  const idle = old.sessions.vault.idle
  const usedAt = (one: Process): number => one.backend.stored.get(key)?.usedAt ?? 0
  for (const one of [old, young]) one.backend.now += idle * 0.6
  await old.sessions.open(id, null)
  await old.sessions.exportSessionState()
  await young.sessions.exportSessionState()
  t.equal(usedAt(young), young.backend.now)
  const before = usedAt(old)
  for (const one of [old, young]) one.backend.now += idle * 0.3
  for (let turn = 0; turn < 2; turn++) for (const one of [old, young]) await one.sessions.exportSessionState()
  t.equal(usedAt(old), before)
})

t.test('what ended in one process ends in the other, and is told there', async t => {
  const snapshot = new Shelf()
  const [first] = await sharing([snapshot])
  const one = await first?.sessions.create({ principal: ADA }) as Session
  const kept = await first?.sessions.create()
  await first?.sessions.exportSessionState()
  const [old, young] = await sharing([snapshot, snapshot]) as Pair
  const ended: unknown[] = []
  old.sessions.on('terminated', ({ key, owner, reason }) => { ended.push({ key, owner, reason }) })
  await young.sessions.terminate(one)
  await old.sessions.exportSessionState()
  t.strictSame(ended, [{ key: one.key, owner: one.owner, reason: 'terminated' }])
  t.equal(await old.sessions.open(one.id, ADA), undefined)
  await young.sessions.exportSessionState()
  const [next] = await sharing([snapshot])
  t.equal(await next?.sessions.open(one.id, ADA), undefined)
  t.ok(await next?.sessions.open(kept?.id as string, null))
})

t.test('a session that ended here does not come back from elsewhere, even if its note is lost', async t => {
  const snapshot = new Shelf()
  const [first] = await sharing([snapshot])
  const one = await first?.sessions.create({ principal: ADA }) as Session
  await first?.sessions.exportSessionState()
  const [old, young] = await sharing([snapshot, snapshot]) as Pair
  await young.sessions.terminate(one)
  snapshot.ended.clear()
  await old.sessions.exportSessionState()
  t.match(await young.sessions.exportSessionState(), { exported: 0 })
  t.match(young.merged, [{ restored: 0, duplicate: 1 }])
})

t.test('an export to another store replaces what is there', async t => {
  const [one, two] = [start(), start()]
  await one.sessions.create()
  const shelf = new Shelf()
  await one.sessions.exportSessionState(shelf)
  t.match(await two.sessions.exportSessionState(shelf), { exported: 0 })
  t.equal(await two.sessions.count(), 0)
})

t.test('a file that is written before each of our writes is written at last', async t => {
  const path = join(t.testdir(), 'sessions')
  const [other] = await sharing([file(path)])
  const store = file(path)
  const { write } = store
  let writes = 0
  store.write = async stream => {
    writes++
    await other?.sessions.exportSessionState(file(path))
    await write(stream)
  }
  const [one] = await sharing([store])
  const mine = await one?.sessions.create()
  await one?.sessions.exportSessionState()
  t.equal(writes, 4)
  await other?.sessions.exportSessionState()
  t.ok(await other?.sessions.open(mine?.id as string, null))
})

/** A store in a file, and what happens to the file during the first write. */
function disturbed (path: string, disturb: () => Promise<unknown>): SnapshotStore {
  const store = file(path)
  const { write } = store
  store.write = async stream => {
    store.write = write
    await disturb()
    await write(stream)
  }
  return store
}

t.test('a file that is written while an export is under way is not overwritten', async t => {
  const path = join(t.testdir(), 'sessions')
  const [old] = await sharing([file(path)])
  const [young] = await sharing([disturbed(path, async () => await old?.sessions.exportSessionState())])
  await old?.sessions.create()
  await young?.sessions.create()
  t.match(await young?.sessions.exportSessionState(), { exported: 2 })
  t.match(young?.merged, [{ restored: 1 }])
})

t.test('a file that vanishes while an export is under way is written', async t => {
  const path = join(t.testdir(), 'sessions')
  const [old] = await sharing([file(path)])
  await old?.sessions.exportSessionState()
  const [young] = await sharing([disturbed(path, async () => { await rm(path) })])
  await young?.sessions.create()
  t.match(await young?.sessions.exportSessionState(), { exported: 1 })
})

t.test('another file that is written while an export is under way is replaced by the next try', async t => {
  const path = join(t.testdir(), 'sessions')
  const [one, other] = [start(), start()]
  await one.sessions.create()
  await one.sessions.exportSessionState(file(path))
  const store = disturbed(path, async () => await one.sessions.exportSessionState(file(path)))
  t.match(await other.sessions.exportSessionState(store), { exported: 0 })
  t.equal(await other.sessions.count(), 0)
})

t.test('a store that is written again and again is written at last, and nothing is lost', async t => {
  const snapshot = new Shelf()
  const [one, other] = await sharing([snapshot, snapshot]) as Pair
  const read = snapshot.read.bind(snapshot)
  let reads = 0
  snapshot.read = async () => {
    // Every other read is that of an export, which looks for what it would replace.
    if (reads++ % 2 === 0) {
      snapshot.read = read
      await other.sessions.exportSessionState(new Shelf())
      await other.sessions.exportSessionState()
      snapshot.read = again
    }
    return await read()
  }
  const again = snapshot.read
  const mine = await one.sessions.create()
  await one.sessions.exportSessionState()
  t.equal(one.merged.length, 2)
  snapshot.read = read
  await other.sessions.exportSessionState()
  t.ok(await other.sessions.open(mine.id, null))
})

t.test('a store that always refuses is a failure', async t => {
  const snapshot = new Shelf()
  snapshot.write = async () => { throw new HoldfastError('HOLDFAST_SNAPSHOT_CHANGED') }
  const [one] = await sharing([snapshot])
  await t.rejects(one?.sessions.exportSessionState() as Promise<unknown>, { code: 'HOLDFAST_SNAPSHOT_CHANGED' })
})

t.test('a snapshot that vanished is written again; one that an operator put there is merged', async t => {
  const path = join(t.testdir(), 'sessions')
  const [one] = await sharing([file(path)])
  await one?.sessions.create()
  await one?.sessions.exportSessionState()
  const backup = await readFile(path)
  await rename(path, `${path}.away`)
  t.match(await one?.sessions.exportSessionState(), { exported: 1 })
  await one?.sessions.create()
  await one?.sessions.exportSessionState()
  await writeFile(path, backup)
  t.match(await one?.sessions.exportSessionState(), { exported: 2 })
  t.match(one?.merged, [{ restored: 0, duplicate: 1 }])
})
