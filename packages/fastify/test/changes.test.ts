import t from 'tap'
import { memory } from '@holdfast/memory'
import { countingChanges } from '../dist/changes.js'

const LIMITS = { maxRecords: 1, maxPerOwner: 9 }
const record = (key: string) => ({ key, owner: '', idle: 60_000, absolute: 60_000, body: Buffer.alloc(1) })

t.test('changes that were answered are counted; looks, uses and failures are not', async t => {
  const given = memory()
  const { backend, changes } = countingChanges(given)
  t.equal(changes(), 0)
  await backend.records.create(record('tag.a'), LIMITS)
  t.equal(changes(), 1)
  await backend.records.read('tag.a')
  t.equal(changes(), 1)
  await backend.records.remove('tag.a')
  t.equal(changes(), 2)
  given.records.create = async () => { throw new Error('gone') }
  await t.rejects(backend.records.create(record('tag.b'), LIMITS), { message: 'gone' })
  t.equal(changes(), 2, 'what failed changed nothing')
  await backend.close()
})

t.test('changes of partitions count, too', async t => {
  const given = memory()
  const { backend, changes } = countingChanges(given)
  const notes = backend.partition('notes')
  t.equal(backend.partition('notes'), notes)
  t.strictSame(await notes.records.createMany([record('tag.a')], LIMITS), ['created'])
  t.equal(changes(), 1)
  t.ok(await given.partition('notes').records.read('tag.a'))
  t.strictSame(await backend.partitions(), ['notes'])
})

t.test('everything else is what the other backend says, as it says it now', async t => {
  const calls: string[] = []
  const given = memory()
  const { ping, status, close } = given
  Object.assign(given, {
    durable: false,
    ping: async () => { calls.push('ping'); await ping.call(given) },
    status: () => { calls.push('status'); return status?.call(given) ?? {} },
    close: async () => { calls.push('close'); await close.call(given) }
  })
  const { backend } = countingChanges(given)
  t.equal(backend.bus, given.bus)
  t.equal(backend.presence, given.presence)
  t.equal(backend.shared, given.shared)
  t.equal(backend.durable, false)
  Object.assign(given, { durable: true })
  t.equal(backend.durable, true)
  await backend.ping()
  t.strictSame(backend.status?.(), status?.call(given) ?? {})
  await backend.close()
  t.strictSame(calls, ['ping', 'status', 'close'])
  t.strictSame(countingChanges({ ...memory(), status: undefined } as never).backend.status?.(), {})
})
