import assert from 'node:assert/strict'
import { group } from './group.js'
import { newKey, newName, newOwner } from './names.js'
import { streamToImport } from './stream-to-import.js'
import { bytes, text, texts } from './trial.js'

export const releasing = group('releasing', {
  'a released record is gone everywhere': async (t) => {
    const owner = newOwner()
    const key = await t.create({ owner })
    const before = await t.records.count()
    assert.equal(await t.records.release(key, 1), true)
    await t.assertGone(key, 'released')
    assert.equal(await t.second.records.touch(key, 1), undefined)
    assert.equal(await t.records.replace(key, 1, bytes('x')), 'gone')
    assert.equal(await t.records.remove(key), undefined)
    assert.deepEqual(await t.listAll({ owner, limit: 10 }), [])
    assert.equal(await t.records.count(owner), 0)
    assert.equal(await t.records.count(), before - 1)
    assert.equal(await t.records.release(key, 1), false, 'not a second time')
  },

  'it leaves no tombstone: the record may come back, and does so once': async (t) => {
    const owner = newOwner()
    const key = await t.create({ owner, body: bytes('first') })
    await t.records.release(key, 1)
    assert.deepEqual(await t.records.removed([key]), [])
    const now = await t.time()
    const origin = { createdAt: now, usedAt: now, version: 7 }
    assert.equal(await t.attempt({ key, owner, body: bytes('back'), origin }), 'created')
    assert.equal(await t.records.touch(key, 7), 'current')
    assert.deepEqual((await t.listAll({ owner, limit: 10 })).map(({ body }) => text(body)), ['back'])
    assert.deepEqual((await t.listAll({ limit: 100 })).filter((record) => record.key === key).length, 1)
    assert.equal(await t.records.count(owner), 1)
  },

  'a later version stays': async (t) => {
    const key = await t.create()
    await t.records.replace(key, 1, bytes('second'))
    assert.equal(await t.records.release(key, 1), false)
    assert.equal(text((await t.mustRead(key)).body), 'second')
    assert.equal(await t.records.release(key, 2), true)
  },

  'an earlier version goes': async (t) => {
    const key = await t.create()
    assert.equal(await t.records.release(key, 10), true)
    await t.assertGone(key, 'released')
  },

  'its streams go with it and do not come back': async (t) => {
    const stream = await t.stream()
    await t.events.append(stream, [bytes('a')], { head: bytes('head') })
    await t.records.release(stream.key, 1)
    assert.equal(await t.events.readAfter(stream, 0, 10), undefined)
    assert.equal(await t.events.append(stream, [bytes('b')]), 'gone')
    await t.create({ key: stream.key })
    assert.equal(await t.events.readAfter(stream, 0, 10), undefined)
    assert.equal(await t.events.importStream(streamToImport(stream.key, stream)), true)
  },

  'an expired record goes and frees its key': async (t) => {
    const key = await t.createFor(4, 100)
    await t.advance(6)
    assert.equal(await t.records.release(key, 1), true)
    assert.equal(await t.attempt({ key, idle: 100 * t.unit }), 'created')
    await t.settle()
    assert.deepEqual(await t.claimAll([key]), [])
    await t.assertAlive(key, 'a new record')
  },

  'a removed record stays removed': async (t) => {
    const key = await t.create()
    await t.records.remove(key)
    assert.equal(await t.records.release(key, 10), false)
    assert.deepEqual(await t.records.removed([key]), [key])
    assert.equal(await t.attempt({ key }), 'exists')
  },

  'an unknown key is no record, and is not taken': async (t) => {
    const key = newKey('')
    assert.equal(await t.records.release(key, 10), false)
    assert.equal(await t.attempt({ key }), 'created')
  },

  'other records and streams stay': async (t) => {
    const owner = newOwner()
    const [key, other] = [await t.create({ owner }), await t.create({ owner })]
    const stream = { key: other, name: newName() }
    await t.events.append(stream, [bytes('kept')])
    await t.records.release(key, 1)
    await t.assertAlive(other, 'of the same owner')
    assert.deepEqual(texts(await t.mustReadAfter(stream, 0)), ['kept'])
    assert.deepEqual((await t.listAll({ owner, limit: 10 })).map((record) => record.key), [other])
  },

  'it makes room': async (t) => {
    const owner = newOwner()
    const key = await t.create({ owner })
    assert.equal(await t.attempt({ owner }, { maxPerOwner: 1 }), 'owner-full')
    await t.records.release(key, 1)
    assert.equal(await t.attempt({ owner }, { maxPerOwner: 1 }), 'created')
  }
})
