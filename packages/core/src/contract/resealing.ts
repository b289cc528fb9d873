import assert from 'node:assert/strict'
import { group } from './group.js'
import { newKey, newOwner } from './names.js'
import { bytes, hex, text } from './trial.js'

export const resealing = group('resealing', {
  'another body is stored, and nothing else changes': async (t) => {
    const owner = newOwner()
    const key = await t.create({ owner, body: bytes('old') })
    const before = await t.mustRead(key)
    assert.equal(await t.records.reseal(key, 1, bytes('sealed anew')), true)
    const record = await t.second.records.read(key)
    assert.ok(record)
    assert.equal(text(record.body), 'sealed anew')
    assert.deepEqual({ ...record, body: before.body }, before)
    const { records } = await t.records.list({ owner, limit: 1 })
    assert.deepEqual(records.map((record) => text(record.body)), ['sealed anew'])
  },

  'the version stays current, and is the one to replace': async (t) => {
    const now = await t.time()
    const key = await t.create({ origin: { createdAt: now, usedAt: now, version: 7 } })
    assert.equal(await t.records.reseal(key, 7, bytes('x')), true)
    assert.equal(await t.records.touch(key, 7), 'current')
    assert.equal(await t.records.reseal(key, 7, bytes('y')), true)
    assert.equal(await t.records.replace(key, 7, bytes('z')), 8)
    assert.equal(await t.records.reseal(key, 8, bytes('zz')), true)
  },

  'a body may become longer or shorter': async (t) => {
    const key = await t.create()
    for (const length of [65_536, 1, 0, 300]) {
      const body = Uint8Array.from({ length }, (_, i) => i * 7)
      assert.equal(await t.records.reseal(key, 1, body), true)
      assert.equal(hex((await t.mustRead(key)).body), hex(body), `${length} bytes`)
    }
  },

  'another version is refused, and changes nothing': async (t) => {
    const key = await t.create()
    await t.records.replace(key, 1, bytes('second'))
    for (const version of [1, 0, 3]) {
      assert.equal(await t.records.reseal(key, version, bytes('x')), false)
      const record = await t.mustRead(key)
      assert.deepEqual([text(record.body), record.version], ['second', 2])
    }
  },

  'a replacement at the same time wins': async (t) => {
    const keys = await Promise.all(Array.from({ length: 10 }, async () => await t.create()))
    await Promise.all(keys.flatMap((key, i) => {
      const replaced = async () => { assert.equal(await t.records.replace(key, 1, bytes('new')), 2) }
      const resealed = async () => { await t.second.records.reseal(key, 1, bytes('old, sealed anew')) }
      return i % 2 ? [replaced(), resealed()] : [resealed(), replaced()]
    }))
    for (const key of keys) {
      const record = await t.mustRead(key)
      assert.deepEqual([text(record.body), record.version], ['new', 2])
    }
  },

  'it does not count as use': async (t) => {
    const key = await t.createFor(4, 100)
    await t.advance(3)
    assert.equal(await t.records.reseal(key, 1, bytes('x')), true)
    await t.advance(3)
    await t.assertGone(key, 'unused for six units')
  },

  'a missing record is refused': async (t) => {
    const [unknown, removed] = [newKey(''), await t.create()]
    await t.records.remove(removed)
    for (const key of [unknown, removed]) {
      for (const version of [0, 1]) assert.equal(await t.records.reseal(key, version, bytes('x')), false)
      await t.assertGone(key, 'it creates and revives nothing')
    }
    assert.equal(await t.attempt({ key: unknown }), 'created', 'and takes no key')
    assert.equal(await t.attempt({ key: removed }), 'exists')
  },

  'a record that has expired is refused': async (t) => {
    const key = await t.createFor(4, 100)
    await t.advance(6)
    assert.equal(await t.records.reseal(key, 1, bytes('x')), false)
    await t.assertGone(key, 'still expired')
    await t.settle()
    assert.deepEqual(await t.claimAll([key]), [key])
    assert.equal(await t.records.reseal(key, 1, bytes('x')), false)
  },

  'other records stay as they are': async (t) => {
    const owner = newOwner()
    const [key, other] = [await t.create({ owner }), await t.create({ owner, body: bytes('other') })]
    await t.records.reseal(key, 1, bytes('x'))
    assert.equal(text((await t.mustRead(other)).body), 'other')
  },

  'what a caller does to a body changes nothing': async (t) => {
    const key = await t.create()
    const body = bytes('before|body|after')
    await t.records.reseal(key, 1, body.subarray(7, 11))
    body.fill(0)
    assert.equal(text((await t.mustRead(key)).body), 'body')
  }
})
