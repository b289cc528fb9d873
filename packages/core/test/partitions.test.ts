import t from 'tap'
import {
  type Backend, Sessions, type SessionsOptions, type StoredRecord, migrate, mirrored, ownerDigest, partitionOf,
  recordKey, switchable, unsealed, withFallback
} from '../dist/index.js'
import { ROOT, allPartitions, recordKind } from '../dist/partitions.js'
import { header, plainly, signed } from './fixtures/forge.js'
import { UNLIMITED, bytes } from './fixtures/given.js'
import { ADA, outage } from './fixtures/manager.js'
import { held, start } from './fixtures/process.js'
import { Reference } from './fixtures/reference.js'
import { sealing } from './fixtures/sealing.js'
import { Shelf } from './fixtures/shelf.js'

const NAMES = ['handles', 'tasks']

/** A backend of now with a session, and a record and a stream in each of two partitions, sealed. */
async function furnished (options: Partial<Omit<SessionsOptions, 'backend'>> & { backend?: Reference } = {}) {
  const process = start(options)
  const { id } = await process.sessions.create({ principal: ADA })
  const keys: Record<string, string> = {}
  for (const name of NAMES) keys[name] = await add(process.sessions, name, 'one')
  return { ...process, id, keys }
}

/** A record of a partition, sealed as a vault would. */
async function add ({ vault }: Sessions, name: string, id: string): Promise<string> {
  const store = vault.of(name)
  const { key, owner } = store.locate(id, ADA)
  const body = await store.seal(key, bytes(`${name} ${id}`))
  t.equal(await store.create({ key, owner, idle: 600_000, absolute: 6_000_000, body }, UNLIMITED), 'created')
  const stream = { key, name: 'log' }
  await store.backend.events.append(stream, [await vault.codec.seal('event', `${key}:log`, bytes('event'))])
  return key
}

/** All that is in a backend and in its partitions, comparably. */
function everything (backend: Reference): unknown {
  const partitions = Array.from(backend.known, ([name, one]) => [name, held(one)])
  return [held(backend), ...partitions.filter(([, { records }]: any) => Object.keys(records).length > 0)]
}

async function textOf (sessions: Sessions, name: string, key: string): Promise<string | undefined> {
  const store = sessions.vault.of(name)
  const record = await store.read(key)
  return record && Buffer.from(await store.unseal(store.kind, key, record.body)).toString()
}

t.test('a backend and its partitions are named', async t => {
  const { backend } = await furnished()
  t.strictSame(await allPartitions(backend), [ROOT, ...NAMES])
  t.equal(partitionOf(backend, ROOT), backend)
  t.equal(partitionOf(backend, 'tasks'), backend.partition('tasks'))
  t.strictSame([recordKind(ROOT), recordKind('tasks')], ['session', 'record:tasks'])
})

t.test('a snapshot carries every partition', async t => {
  const before = await furnished()
  const shelf = new Shelf()
  t.match(await before.sessions.exportSessionState(shelf), { exported: 3 })
  const after = start()
  t.match(await after.sessions.restoreSessionState(shelf), { restored: 3, invalid: [] })
  t.strictSame(everything(after.backend), everything(before.backend))
  t.match(await after.sessions.restoreSessionState(shelf), { restored: 0, duplicate: 3, invalid: [] }, 'twice is once')
  t.equal(await textOf(after.sessions, 'tasks', before.keys.tasks as string), 'tasks one')
  t.ok(await after.sessions.open(before.id, ADA))
})

t.test('what ended in a partition does not come back with a snapshot', async t => {
  const { sessions, backend, keys } = await furnished()
  const shelf = new Shelf()
  await sessions.exportSessionState(shelf)
  await sessions.vault.of('tasks').revoke(keys.tasks as string)
  t.match(await sessions.restoreSessionState(shelf), { restored: 0, duplicate: 3 })
  t.equal((backend.partition('tasks') as Reference).stored.size, 0)
})

t.test('what was revoked in a partition after a snapshot stays revoked, although the process dies', async t => {
  const snapshot = new Shelf()
  const { sessions, keys } = await furnished({ snapshot })
  await sessions.exportSessionState()
  t.ok(await sessions.vault.of('tasks').revoke(keys.tasks as string))
  t.strictSame(await sessions.vault.of('handles').revokeOwner(ownerDigest('mcp', ADA)), [keys.handles])
  const after = start({ snapshot })
  t.match(await after.sessions.restoreSessionState(), { restored: 1, duplicate: 2, invalid: [] })
  t.equal(await after.sessions.vault.of('tasks').read(keys.tasks as string), undefined)
})

t.test('a store knows the backend itself, also from a partition', async t => {
  const { sessions: { vault }, id } = await furnished()
  const root = vault.of('tasks').of('handles').of(ROOT)
  t.equal(root.kind, 'session')
  t.ok(await root.read(vault.locate(id, ADA).key))
  t.strictSame((await vault.of('tasks').all()).map(({ partition }) => partition), [ROOT, ...NAMES])
})

t.test('a forged snapshot makes no more than 64 partitions', async t => {
  const { sessions, keys } = await furnished({ codec: unsealed })
  const key = keys.tasks as string
  const record = plainly(await sessions.vault.of('tasks').read(key) as StoredRecord)
  const names = Array.from({ length: 70 }, (_, i) => `a${String.fromCharCode(97 + Math.floor(i / 26), 97 + i % 26)}`)
  const content = await header({ codec: unsealed }) + names.map(name => signed(`record:${name}`, record)).join('')
  const { sessions: after, backend } = start({ codec: unsealed })
  const { restored, invalid } = await after.restoreSessionState(new Shelf(content))
  t.equal(restored, 64)
  t.equal(invalid.filter(({ code }) => code === 'MANY_PARTITIONS').length, 6)
  t.equal(backend.known.size, 64)
})

t.test('sessions alone give the lines that they always gave, and a partition has lines of its own', async t => {
  const { sessions } = await furnished()
  const [all, some] = [new Shelf(), new Shelf()]
  await sessions.exportSessionState(all)
  t.strictSame(all.lines.map(line => /^\{"([\w:]+)"/.exec(line)?.[1]), [
    'holdfast', 'record', 'record:handles', 'stream:handles', 'record:tasks', 'stream:tasks', 'end'
  ])
  for (const options of [{ filter: () => true }, { limit: 9 }]) {
    t.match(await sessions.exportSessionState(some, options), { exported: 1 })
    t.strictSame(some.lines.map(line => /^\{"([\w:]+)"/.exec(line)?.[1]), ['holdfast', 'record', 'end'])
    t.match(
      await start().sessions.restoreSessionState(all, options),
      { restored: 1, invalid: [] },
      'neither are they restored'
    )
  }
})

t.test('a line that is moved to another partition, or made one of sessions, is refused', async t => {
  const { sessions } = await furnished()
  const shelf = new Shelf()
  await sessions.exportSessionState(shelf)
  const content = shelf.lines.join('\n')
  for (const [from, to] of [
    ['"record:tasks"', '"record:handles"'], ['"record:tasks"', '"record"'], ['"record"', '"record:tasks"']
  ] as const) {
    const after = start()
    const report = await after.sessions.restoreSessionState(new Shelf(content.replace(from, to)))
    t.equal(report.invalid[0]?.code, 'ALTERED', `${from} ${to}`)
    t.equal(report.restored, 2)
  }
  for (const name of ['', 'A', 'a1', 'seventeenletterss']) {
    const report = await start().sessions.restoreSessionState(
      new Shelf(content.replace('"record:tasks"', `"record:${name}"`))
    )
    t.equal(report.invalid[0]?.code, 'NOT_A_LINE', name)
  }
})

t.test('a stream belongs to the record before it, in the same partition', async t => {
  const { sessions } = await furnished()
  const shelf = new Shelf()
  await sessions.exportSessionState(shelf)
  const [header, session, , stream, ...rest] = shelf.lines
  const report = await start().sessions.restoreSessionState(new Shelf([header, session, stream, ...rest].join('\n')))
  t.match(report, { restored: 2 })
  t.match(report.invalid.map(({ line, code }) => [line, code]), [[3, 'NO_SESSION']])
})

t.test('records of partitions are under no cap of sessions', async t => {
  const { sessions } = await furnished()
  const shelf = new Shelf()
  await sessions.exportSessionState(shelf)
  t.match(
    await start({ limits: { maxSessions: 1, maxPerOwner: 1 } }).sessions.restoreSessionState(shelf),
    { restored: 3, overLimit: 0 }
  )
})

t.test('a rotation seals every partition anew, and a key that one of them needs stays', async t => {
  const { backend, keys } = await furnished()
  const { sessions } = start({ backend, codec: sealing('k2', 'k1') })
  t.equal((await sessions.keysInUse()).get('k1'), 5)
  await t.rejects(sessions.dropKey('k1'), { code: 'HOLDFAST_KEY_IN_USE' })
  t.match(await sessions.rotate(), { resealed: 3, current: 0, unreadable: 0 })
  t.strictSame([...await sessions.keysInUse()], [['k2', 5]])
  await sessions.dropKey('k1')
  t.equal(await textOf(sessions, 'tasks', keys.tasks as string), 'tasks one')
  t.match(await sessions.rotate(), { resealed: 0, current: 3 })
})

t.test('the keys of a snapshot are those of its partitions, too', async t => {
  const shelf = new Shelf()
  const { sessions } = await furnished({ snapshot: shelf })
  await sessions.exportSessionState()
  t.equal((await sessions.keysInUse()).get('k1'), 11, 'five bodies and events here, and there, and the header')
})

t.test('a migration copies every partition, what changes meanwhile too, and ends what ended', async t => {
  const { backend, sessions, keys } = await furnished()
  const to = start().backend
  t.match(await migrate(backend, to), { copied: 3, updated: 0, skipped: 0 })
  t.strictSame(everything(to), everything(backend))
  const tasks = sessions.vault.of('tasks')
  await tasks.revoke(keys.tasks as string)
  await add(sessions, 'handles', 'two')
  let late: Promise<string> | undefined
  const report = await migrate(backend, to, { onProgress: () => { late ??= add(sessions, 'late', 'one') } })
  t.match(report, { ended: 1 })
  t.match(await migrate(backend, to), { ended: 0 })
  t.strictSame(everything(to), everything(backend))
  t.ok(await to.partition('late').records.read(await late as string))
  t.match(await migrate(backend, to, { deleteAfterMigration: true }), { deleted: 4 })
  t.strictSame([await backend.records.count(), await backend.partition('handles').records.count()], [0, 0])
})

t.test('a copy of a mirrored backend has every partition', async t => {
  const { backend: primary } = await furnished()
  const copy = Object.assign(new Reference(), { clock: primary.clock })
  const backend = mirrored(primary, [copy])
  await backend.backfill()
  t.strictSame(everything(copy), everything(primary))
  const sessions = new Sessions({ backend, codec: sealing('k1') })
  const key = await add(sessions, 'tasks', 'two')
  await sessions.vault.of('tasks').replace(key, 1, await sessions.vault.of('tasks').seal(key, bytes('changed')))
  await sessions.vault.of('handles').revokeOwner(ownerDigest('mcp', ADA))
  await backend.promote(copy)
  t.strictSame(everything(copy), everything(primary))
  t.equal(await textOf(sessions, 'tasks', key), 'changed')
  t.equal(await sessions.vault.of('handles').count(), 0)
})

t.test('a backend that is switched takes every partition along', async t => {
  const { backend: old, keys } = await furnished()
  const next = start().backend
  const backend = switchable(old)
  const tasks: Backend = backend.partition('tasks')
  await backend.switchTo(next, { signal: new AbortController().signal })
  t.strictSame(everything(next), everything(old))
  t.equal(await tasks.records.touch(keys.tasks as string, 1), 'current')
  t.ok(await tasks.records.remove(keys.tasks as string))
  t.equal((old.partition('tasks') as Reference).stored.size, 1, 'what serves now was asked')
})

t.test('during an outage a partition answers as its backend does, ' +
  'and what was ended or began there reaches the primary', async t => {
  const { backend: primary, keys } = await furnished()
  const fallback = start().backend
  const changes: unknown[] = []
  let back = (): void => {}
  const serves = new Promise<void>(resolve => { back = resolve })
  // The timer that asks whether the primary is back keeps no process alive.
  const awake = setInterval(() => {}, 1_000)
  const backend = withFallback(primary, fallback, {
    replicas: 1,
    probe: 10,
    onChange: (serving, report) => {
      changes.push(serving, report)
      if (serving === 'primary') back()
    }
  })
  t.teardown(async () => {
    clearInterval(awake)
    await backend.close()
  })
  const { records } = backend.partition('tasks')
  const [up, upTasks] = [outage(primary), outage(primary.partition('tasks') as Reference)]
  const { ping, partitions } = primary
  primary.ping = primary.partitions = async () => { throw new Error('down') }
  await t.rejects(
    records.read(keys.tasks as string), { code: 'HOLDFAST_BACKEND_UNAVAILABLE' }, 'not known here, and no miss'
  )
  const begun = recordKey('mcp', ownerDigest('mcp', ADA), 'two', recordKind('tasks'))
  const record = { key: begun, owner: ownerDigest('mcp', ADA), idle: 600_000, absolute: 600_000, body: bytes('x') }
  t.equal(await records.create(record, UNLIMITED), 'created')
  t.equal(await records.remove(keys.tasks as string), 'unseen')
  const owner = ownerDigest('mcp', ADA)
  const ended = { key: keys.tasks as string, owner, idle: 600_000, absolute: 600_000, body: bytes('x') }
  const late = { ...ended, key: recordKey('mcp', owner, 'three', recordKind('tasks')) }
  t.strictSame(await records.createMany([ended, late], UNLIMITED), ['exists', 'created'], 'what ended stays ended')
  up()
  upTasks()
  Object.assign(primary, { ping, partitions })
  await serves
  t.match(changes, ['fallback', undefined, 'primary', { revoked: 1, carried: 2, conflicts: 0, refused: 0 }])
  t.equal(await records.read(keys.tasks as string), undefined)
  t.ok(await primary.partition('tasks').records.read(begun))
  t.ok(await primary.partition('handles').records.read(keys.handles as string), 'another partition was left alone')
})

t.test('without keys a partition is as readable as sessions are', async t => {
  const { sessions } = await furnished({ codec: unsealed })
  const shelf = new Shelf()
  await sessions.exportSessionState(shelf)
  t.match(await start({ codec: unsealed }).sessions.restoreSessionState(shelf), { restored: 3, invalid: [] })
})
