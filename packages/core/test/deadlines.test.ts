import { Readable } from 'node:stream'
import t from 'tap'
import { type SnapshotSink, mirrored } from '../src/index.js'
import { within } from '../src/within.js'
import { ADA } from './fixtures/manager.js'
import { start } from './fixtures/process.js'
import { Reference } from './fixtures/reference.js'

const never = async (): Promise<never> => await new Promise(() => {})
const FAILED = { code: 'HOLDFAST_SNAPSHOT_FAILED' }

t.test('a place for snapshots that never answers holds nothing up', async t => {
  const places: Record<string, Partial<SnapshotSink>> = {
    'it takes nothing': { write: never },
    'it takes some and stops': { write: async stream => { for await (const chunk of stream) if (chunk.length > 0) await never() } },
    'it never says what is there': { read: never }
  }
  for (const [name, place] of Object.entries(places)) {
    const { sessions } = start()
    await sessions.create({ principal: ADA })
    const sink: SnapshotSink = { read: () => undefined, write: async stream => { await stream.toArray() }, patience: 20, ...place }
    await t.rejects(sessions.exportSessionState(sink), FAILED, name)
    sink.write = async stream => { await stream.toArray() }
    sink.read = () => undefined
    t.equal((await sessions.exportSessionState(sink)).exported, 1, 'the next is not behind it')
  }
  const { sessions } = start()
  await t.rejects(sessions.restoreSessionState({ read: never, patience: 20 }), FAILED)
  await t.rejects(sessions.restoreSessionState({ read: () => new Readable({ read () {} }), patience: 20 }), FAILED)
})

t.test('waiting ends with the work or with the time', async t => {
  t.equal(await within(Promise.resolve(), 60_000), true)
  t.equal(await within(Promise.reject(new Error('failed')), 60_000), true)
  t.equal(await within(never(), 1), false)
})

t.test('closing a mirrored backend does not wait for a replica that never answers', async t => {
  const replica = new Reference()
  replica.records.create = never
  const backend = mirrored(new Reference(), [replica])
  await backend.records.create({ key: 'tag.key', owner: '', idle: 1_000, absolute: 1_000, body: Buffer.alloc(1) }, { maxRecords: 9, maxPerOwner: 9 })
  await backend.close()
  t.pass('it closed')
})
