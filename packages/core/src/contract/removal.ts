import assert from 'node:assert/strict'
import { group } from './group.js'
import { newKey, newOwner } from './names.js'
import { bytes, text } from './trial.js'

export const removal = group('removal', {
  'a removed record is gone everywhere': async (t) => {
    const owner = newOwner()
    const key = await t.create({ owner })
    assert.ok(await t.records.remove(key))
    await t.assertGone(key, 'read')
    assert.equal(await t.records.touch(key, 1), undefined)
    assert.equal(await t.records.touch(key, 0), undefined)
    assert.equal(await t.records.replace(key, 1, bytes('x')), 'gone')
    assert.equal(await t.records.remove(key), undefined)
    assert.deepEqual((await t.records.list({ owner, limit: 10 })).records, [])
    assert.equal(await t.records.count(owner), 0)
  },

  'removing resolves to the record as it was': async (t) => {
    for (const owner of ['', newOwner()]) {
      const key = await t.create({ owner, body: bytes('first words') })
      await t.records.replace(key, 1, bytes('last words'))
      const before = await t.mustRead(key)
      assert.deepEqual(await t.records.remove(key), before)
      assert.equal(text(before.body), 'last words')
    }
  },

  'touch and replace do not revive a removed record': async (t) => {
    const key = await t.create()
    await t.records.remove(key)
    await t.records.touch(key, 1)
    await t.records.touch(key, 0)
    await t.records.replace(key, 1, bytes('x'))
    await t.assertGone(key, 'still removed')
  },

  'the key of a removed record stays taken': async (t) => {
    const key = await t.create()
    await t.records.remove(key)
    assert.equal(await t.attempt({ key }), 'exists')
    const origin = { createdAt: await t.time(), usedAt: await t.time(), version: 9 }
    assert.equal(await t.attempt({ key, origin }), 'exists', 'an import does not revive it either')
    await t.assertGone(key, 'still removed')
  },

  'a tombstone stays as long as an older copy could live': async (t) => {
    const key = await t.createFor(6, 30)
    await t.advance(4)
    await t.records.touch(key, 1)
    await t.records.remove(key)
    await t.advance(3)
    await t.settle()
    await t.claimAll([key])
    assert.equal(await t.attempt({ key }), 'exists', 'idle for three of six units')
    assert.deepEqual(await t.records.removed([key]), [key])
  },

  'a tombstone stays no longer than until the record would have expired unused': async (t) => {
    const owner = newOwner()
    const keys = [await t.createFor(2, 50), await t.createFor(50, 2), await t.createFor(2, 50, { owner })]
    await t.records.remove(keys[0] as string)
    await t.records.remove(keys[1] as string)
    await t.records.removeOwner(owner)
    await t.advance(4)
    await t.settle()
    assert.deepEqual(await t.records.removed(keys), [])
  },

  'of many removals of one record exactly one succeeds': async (t) => {
    const key = await t.create()
    const results = await Promise.all(Array.from({ length: 10 }, async (_, i) =>
      await (i % 2 ? t.records : t.second.records).remove(key)))
    assert.equal(results.filter(Boolean).length, 1)
  },

  'removeOwner removes every record of the owner and says which': async (t) => {
    const owner = newOwner()
    const keys = await Promise.all(Array.from({ length: 5 }, async () => await t.create({ owner })))
    assert.deepEqual((await t.records.removeOwner(owner)).toSorted(), keys.toSorted())
    for (const key of keys) await t.assertGone(key, 'removed with its owner')
    assert.equal(await t.records.count(owner), 0)
    assert.deepEqual(await t.records.removeOwner(owner), [], 'nothing is left to remove')
  },

  'removeOwner leaves tombstones': async (t) => {
    const owner = newOwner()
    const key = await t.create({ owner })
    await t.records.removeOwner(owner)
    assert.equal(await t.attempt({ key, owner }), 'exists')
  },

  'removeOwner leaves other owners alone': async (t) => {
    const owner = newOwner()
    const others = [owner.slice(0, -1), `${owner}x`, '', newOwner()]
    const kept = await Promise.all(others.map(async (other) => await t.create({ owner: other })))
    const removed = await t.create({ owner })
    assert.deepEqual(await t.records.removeOwner(owner), [removed])
    for (const key of kept) await t.assertAlive(key, 'of another owner')
  },

  'a removed owner can come back': async (t) => {
    const owner = newOwner()
    await t.create({ owner })
    await t.records.removeOwner(owner)
    const key = await t.create({ owner })
    await t.assertAlive(key, 'a new record')
    assert.deepEqual((await t.listAll({ owner, limit: 10 })).map((record) => record.key), [key])
  },

  'removed says which keys were removed': async (t) => {
    const owner = newOwner()
    const [removed, living, unknown] = [await t.create(), await t.create(), newKey('')]
    const revoked = [await t.create({ owner }), await t.create({ owner })]
    await t.records.remove(removed)
    await t.records.removeOwner(owner)
    const asked = [living, removed, unknown, ...revoked]
    assert.deepEqual((await t.second.records.removed(asked)).toSorted(), [removed, ...revoked].toSorted())
    assert.deepEqual(await t.records.removed([living, unknown]), [])
    assert.deepEqual(await t.records.removed([]), [])
    assert.equal(await t.attempt({ key: unknown }), 'created', 'asking takes no key')
  },

  'an expired record does not count as removed, claimed or not': async (t) => {
    const key = await t.createFor(4, 100)
    await t.advance(6)
    assert.deepEqual(await t.records.removed([key]), [])
    await t.settle()
    await t.claimAll([key])
    assert.deepEqual(await t.records.removed([key]), [])
  },

  'removal and replacement at once end in removal': async (t) => {
    const key = await t.create()
    await Promise.all([
      t.records.replace(key, 1, bytes('a')), t.second.records.remove(key), t.records.replace(key, 1, bytes('b')),
      t.second.records.touch(key, 0), t.records.replace(key, 2, bytes('c'))
    ])
    await t.assertGone(key, 'removed for good')
  }
})
