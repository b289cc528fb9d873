import assert from 'node:assert/strict'
import { expiresAt } from '../record.js'
import { group } from './group.js'
import { newOwner } from './names.js'
import { bytes } from './trial.js'

export const expiry = group('expiry', {
  'a record that is not used for its idle time is a miss everywhere': async (t) => {
    const owner = newOwner()
    const key = await t.createFor(4, 100, { owner })
    await t.advance(2)
    await t.assertAlive(key, 'before its idle time has passed')
    await t.advance(4)
    await t.assertGone(key, 'after its idle time')
    assert.equal(await t.records.touch(key, 1), undefined)
    assert.equal(await t.records.touch(key, 0), undefined)
    assert.equal(await t.records.replace(key, 1, bytes('x')), 'gone')
    assert.equal(await t.records.remove(key), undefined)
    assert.deepEqual(await t.listAll({ owner, limit: 10 }), [])
    assert.deepEqual(await t.records.removeOwner(owner), [])
  },

  'touch and replace do not revive an expired record': async (t) => {
    const key = await t.createFor(2, 100)
    await t.advance(4)
    await t.records.touch(key, 1)
    await t.records.touch(key, 0)
    await t.records.replace(key, 1, bytes('x'))
    await t.assertGone(key, 'still expired')
  },

  'touch extends the idle time': async (t) => {
    const key = await t.createFor(4, 100)
    await t.advance(3)
    assert.equal(await t.records.touch(key, 1), 'current')
    await t.advance(3)
    await t.assertAlive(key, 'used three units ago')
    await t.advance(3)
    await t.assertGone(key, 'used six units ago')
  },

  'a touch that fetches extends the idle time too': async (t) => {
    const key = await t.createFor(4, 100)
    await t.advance(3)
    assert.ok(await t.records.touch(key, 0))
    await t.advance(3)
    await t.assertAlive(key, 'used three units ago')
  },

  'replace extends the idle time': async (t) => {
    const key = await t.createFor(4, 100)
    await t.advance(3)
    assert.equal(await t.records.replace(key, 1, bytes('x')), 2)
    await t.advance(3)
    await t.assertAlive(key, 'used three units ago')
  },

  'reading and listing do not extend it': async (t) => {
    const owner = newOwner()
    const key = await t.createFor(4, 100, { owner })
    await t.advance(2)
    await t.assertAlive(key, 'read')
    assert.equal((await t.listAll({ owner, limit: 10 })).length, 1)
    await t.records.count(owner)
    await t.advance(3)
    await t.assertGone(key, 'last used five units ago')
  },

  'the last use is that of create, touch or replace': async (t) => {
    const key = await t.create()
    const created = await t.mustRead(key)
    await t.advance(1)
    assert.equal((await t.mustRead(key)).usedAt, created.usedAt, 'not of a read')
    await t.records.touch(key, 1)
    const touched = await t.mustRead(key)
    assert.ok(touched.usedAt > created.usedAt, 'touch')
    await t.advance(1)
    await t.records.replace(key, 1, bytes('x'))
    const replaced = await t.mustRead(key)
    assert.ok(replaced.usedAt > touched.usedAt, 'replace')
    assert.equal(replaced.createdAt, created.createdAt)
  },

  'nothing extends the absolute limit': async (t) => {
    const key = await t.createFor(4, 8)
    const { deadline } = await t.mustRead(key)
    await t.advance(2)
    assert.equal(await t.records.touch(key, 1), 'current')
    await t.advance(2)
    assert.equal(await t.records.replace(key, 1, bytes('x')), 2)
    await t.advance(2)
    assert.equal(await t.records.touch(key, 2), 'current')
    assert.equal((await t.mustRead(key)).deadline, deadline)
    await t.advance(3)
    await t.assertGone(key, 'used three units ago, but past the limit')
    assert.equal(await t.records.touch(key, 2), undefined)
    assert.equal(await t.records.replace(key, 2, bytes('y')), 'gone')
  },

  'replace does not extend the absolute limit': async (t) => {
    const key = await t.createFor(4, 5)
    await t.advance(3)
    assert.equal(await t.records.replace(key, 1, bytes('x')), 2)
    await t.advance(3)
    await t.assertGone(key, 'past the limit')
  },

  'an absolute limit below the idle time holds': async (t) => {
    const key = await t.createFor(50, 2)
    await t.advance(4)
    await t.assertGone(key, 'past the limit')
  },

  'each record has lifetimes of its own': async (t) => {
    const owner = newOwner()
    const short = await t.createFor(2, 100, { owner })
    const long = await t.createFor(20, 100, { owner })
    await t.advance(5)
    await t.assertGone(short, 'idle time of 2')
    await t.assertAlive(long, 'idle time of 20')
    assert.deepEqual((await t.listAll({ owner, limit: 10 })).map((record) => record.key), [long])
  }
})

export const exactExpiry = group('expiry', {
  'a record is alive strictly before the moment it expires': async (t) => {
    const key = await t.create({ idle: t.unit, absolute: 10 * t.unit })
    await t.advance((t.unit - 1) / t.unit)
    await t.assertAlive(key, 'one millisecond before')
    await t.advance(1 / t.unit)
    await t.assertGone(key, 'at the very moment')
  },

  'a touch in the last millisecond counts, one at the moment does not': async (t) => {
    const key = await t.create({ idle: t.unit, absolute: 10 * t.unit })
    await t.advance((t.unit - 1) / t.unit)
    assert.equal(await t.records.touch(key, 1), 'current')
    assert.equal(expiresAt(await t.mustRead(key)), await t.time() + t.unit)
    await t.advance(1)
    assert.equal(await t.records.touch(key, 1), undefined)
  }
}, ['exactClock'])
