import assert from 'node:assert/strict'
import { group } from './group.js'
import { newOwner } from './names.js'

export const limits = group('limits', {
  'an owner at the cap is refused, and nothing is stored': async (t) => {
    const owner = newOwner()
    assert.equal(await t.attempt({ owner }, { maxPerOwner: 2 }), 'created')
    assert.equal(await t.attempt({ owner }, { maxPerOwner: 2 }), 'created')
    const draft = t.draft({ owner })
    assert.equal(await t.attempt(draft, { maxPerOwner: 2 }), 'owner-full')
    await t.assertGone(draft.key, 'refused')
    assert.equal(await t.records.count(owner), 2)
    assert.equal(await t.attempt(draft, { maxPerOwner: 3 }), 'created', 'and its key is not taken')
  },

  'one owner at the cap does not stop another': async (t) => {
    const owner = newOwner()
    await t.create({ owner })
    assert.equal(await t.attempt({ owner }, { maxPerOwner: 1 }), 'owner-full')
    assert.equal(await t.attempt({ owner: newOwner() }, { maxPerOwner: 1 }), 'created')
    assert.equal(await t.attempt({ owner: `${owner}x` }, { maxPerOwner: 1 }), 'created')
  },

  'records of nobody are not capped per owner': async (t) => {
    for (let i = 0; i < 5; i++) assert.equal(await t.attempt({}, { maxPerOwner: 1 }), 'created')
  },

  'the total cap holds for everybody': async (t) => {
    const maxRecords = await t.records.count() + 2
    assert.equal(await t.attempt({}, { maxRecords }), 'created')
    assert.equal(await t.attempt({ owner: newOwner() }, { maxRecords }), 'created')
    const draft = t.draft()
    assert.equal(await t.attempt(draft, { maxRecords }), 'full')
    assert.equal(await t.attempt({ owner: newOwner() }, { maxRecords }), 'full')
    await t.assertGone(draft.key, 'refused')
    assert.equal(await t.records.count(), maxRecords)
    assert.equal(await t.attempt(draft), 'created', 'and its key is not taken')
  },

  'fifty creations at once do not pass the cap of their owner': async (t) => {
    const owner = newOwner()
    const results = await Promise.all(Array.from({ length: 50 }, async (_, i) =>
      await (i % 2 ? t.records : t.second.records).create(t.draft({ owner }), { maxRecords: 1e9, maxPerOwner: 10 })))
    assert.equal(results.filter((result) => result === 'created').length, 10)
    assert.equal(results.filter((result) => result === 'owner-full').length, 40)
    assert.equal((await t.listAll({ owner, limit: 100 })).length, 10)
  },

  'removing makes room': async (t) => {
    const owner = newOwner()
    const first = await t.create({ owner })
    await t.records.remove(first)
    assert.equal(await t.attempt({ owner }, { maxPerOwner: 1 }), 'created')
    await t.records.removeOwner(owner)
    assert.equal(await t.attempt({ owner }, { maxPerOwner: 1 }), 'created')
    const maxRecords = await t.records.count()
    assert.equal(await t.attempt({}, { maxRecords }), 'full')
    await t.records.removeOwner(owner)
    assert.equal(await t.attempt({}, { maxRecords }), 'created')
  },

  'expiring makes room': async (t) => {
    const owner = newOwner()
    const key = await t.createFor(2, 100, { owner })
    const maxRecords = await t.records.count()
    await t.advance(4)
    await t.settle()
    await t.claimAll([key])
    assert.equal(await t.attempt({ owner }, { maxPerOwner: 1, maxRecords }), 'created')
  }
})
