import assert from 'node:assert/strict'
import { group } from './group.js'
import { bytes } from './trial.js'

export const origin = group('origin', {
  'an imported record keeps its times and its version': async (t) => {
    const now = await t.time()
    const origin = { createdAt: now - 3 * t.unit, usedAt: now - 2 * t.unit, version: 7 }
    const record = await t.mustRead(await t.createFor(100, 200, { origin }))
    assert.equal(record.createdAt, origin.createdAt)
    assert.equal(record.usedAt, origin.usedAt)
    assert.equal(record.version, 7)
    assert.equal(record.deadline, origin.createdAt + 200 * t.unit)
  },

  'its versions continue': async (t) => {
    const now = await t.time()
    const key = await t.create({ origin: { createdAt: now, usedAt: now, version: 7 } })
    assert.equal(await t.records.touch(key, 7), 'current')
    assert.equal(await t.records.replace(key, 1, bytes('x')), 'conflict')
    assert.equal(await t.records.replace(key, 7, bytes('x')), 8)
  },

  'its idle time counts from its last use': async (t) => {
    const now = await t.time()
    const origin = { createdAt: now - 5 * t.unit, usedAt: now - 5 * t.unit, version: 1 }
    const key = await t.createFor(8, 100, { origin })
    await t.assertAlive(key, 'three units are left')
    await t.advance(5)
    await t.assertGone(key, 'unused for ten units')
  },

  'its absolute limit counts from its creation': async (t) => {
    const now = await t.time()
    const key = await t.createFor(100, 8, { origin: { createdAt: now - 5 * t.unit, usedAt: now, version: 1 } })
    await t.assertAlive(key, 'three units are left')
    await t.advance(5)
    await t.assertGone(key, 'created ten units ago')
  },

  'a record that had expired elsewhere is not revived': async (t) => {
    const now = await t.time()
    const draft = t.draft({
      idle: 2 * t.unit,
      absolute: 100 * t.unit,
      origin: { createdAt: now - 9 * t.unit, usedAt: now - 5 * t.unit, version: 1 }
    })
    await t.attempt(draft)
    await t.assertGone(draft.key, 'expired before it came')
    assert.equal(await t.records.touch(draft.key, 1), undefined)
  },

  'times in the future count as now': async (t) => {
    const ahead = await t.time() + 50 * t.unit
    const origin = { createdAt: ahead, usedAt: ahead, version: 1 }
    const idle = await t.createFor(4, 30, { origin })
    const used = await t.createFor(30, 4, { origin })
    assert.ok((await t.mustRead(idle)).usedAt < ahead)
    await t.advance(6)
    await t.assertGone(idle, 'past the idle time')
    await t.assertGone(used, 'past the absolute limit')
  }
})
