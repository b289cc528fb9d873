import assert from 'node:assert/strict'
import { group } from './group.js'
import { newOwner } from './names.js'
import { bytes, plain } from './trial.js'

export const reopening = group('reopening', {
  'records are there with their owner, times, version and body': async (t) => {
    const owner = newOwner()
    const key = await t.create({ owner, body: bytes('one') })
    assert.equal(await t.records.replace(key, 1, bytes('two')), 2)
    const before = await t.mustRead(key)
    await t.reopen()
    assert.deepEqual(await t.mustRead(key), before)
    assert.equal(await t.records.touch(key, 2), 'current')
    assert.equal(await t.records.replace(key, 2, bytes('three')), 3)
    assert.equal(await t.records.count(owner), 1)
    assert.equal(await t.attempt({ owner }, { maxPerOwner: 1 }), 'owner-full')
    assert.deepEqual((await t.listAll({ owner, limit: 10 })).map((record) => record.key), [key])
  },

  'a use is not forgotten': async (t) => {
    const key = await t.createFor(6, 100)
    await t.advance(4)
    assert.equal(await t.records.touch(key, 1), 'current')
    await t.reopen()
    await t.advance(4)
    await t.assertAlive(key, 'used four units ago')
  },

  'streams are there, and go on': async (t) => {
    const key = await t.create()
    const [open, ended] = [{ key, name: 'open' }, { key, name: 'ended' }]
    await t.events.append(open, ['a', 'b'].map(bytes), { head: bytes('head') })
    await t.events.delivered(open, 1)
    await t.events.append(ended, [bytes('c')], { end: true })
    const before = (await t.events.streams([key])).map(plain)
    assert.equal(before.length, 2)
    await t.reopen()
    assert.deepEqual((await t.events.streams([key])).map(plain), before)
    assert.equal(await t.events.append(open, [bytes('d')]), 3)
    assert.equal(await t.events.append(ended, [bytes('e')]), 'ended')
  },

  'what was removed stays removed': async (t) => {
    const [removed, kept] = [t.draft(), await t.create()]
    assert.equal(await t.attempt(removed), 'created')
    assert.ok(await t.records.remove(removed.key))
    await t.reopen()
    await t.assertGone(removed.key, 'removed')
    assert.deepEqual(await t.records.removed([removed.key, kept]), [removed.key])
    assert.equal(await t.attempt(removed), 'exists', 'and its tombstone holds the key')
  },

  'partitions are there': async (t) => {
    const notes = t.backend.partition('notes')
    const record = t.draft({ body: bytes('a note') })
    assert.equal(await notes.records.create(record, { maxRecords: 1e9, maxPerOwner: 1e9 }), 'created')
    const before = await notes.records.read(record.key)
    await t.reopen()
    assert.ok((await t.backend.partitions()).includes('notes'), 'by name')
    assert.deepEqual(await t.backend.partition('notes').records.read(record.key), before)
  }
}, ['reopen'])
