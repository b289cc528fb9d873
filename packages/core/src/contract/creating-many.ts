import assert from 'node:assert/strict'
import type { RecordLimits } from '../backend.js'
import { group } from './group.js'
import { newOwner } from './names.js'
import { bytes, text } from './trial.js'

const UNLIMITED: RecordLimits = { maxRecords: 1_000_000_000, maxPerOwner: 1_000_000_000 }

export const creatingMany = group('creating many', {
  'each record has the outcome that it would have alone, in their order': async (t) => {
    const [living, removed] = [await t.create(), await t.create()]
    await t.records.remove(removed)
    const [first, last] = [t.draft({ body: bytes('first') }), t.draft({ owner: newOwner(), body: bytes('last') })]
    const given = [first, t.draft({ key: living }), t.draft({ key: removed }), last]
    assert.deepEqual(await t.records.createMany(given, UNLIMITED), ['created', 'exists', 'exists', 'created'])
    assert.equal(text((await t.mustRead(first.key)).body), 'first')
    assert.equal(text((await t.mustRead(last.key)).body), 'last')
    assert.equal(text((await t.mustRead(living)).body), 'body', 'a living record stays as it is')
    await t.assertGone(removed, 'a removed one does not come back')
  },

  'more records than a backend takes at once are all created': async (t) => {
    const owners = [newOwner(), '', newOwner()]
    const given = Array.from({ length: 300 }, (_, i) => t.draft({ owner: owners[i % 3] as string }))
    const created = await t.records.createMany(given, UNLIMITED)
    assert.deepEqual(new Set(created), new Set(['created']))
    assert.equal(created.length, 300)
    assert.equal(await t.records.count(owners[0]), 100)
    for (const { key } of given) await t.assertAlive(key, 'created with others')
  },

  'the same key twice is created once': async (t) => {
    const draft = t.draft()
    assert.deepEqual((await t.records.createMany([draft, draft], UNLIMITED)).toSorted(), ['created', 'exists'])
  },

  'caps hold among them': async (t) => {
    const owner = newOwner()
    const given = Array.from({ length: 5 }, () => t.draft({ owner }))
    const created = await t.records.createMany(given, { ...UNLIMITED, maxPerOwner: 3 })
    assert.equal(created.filter((one) => one === 'created').length, 3)
    assert.equal(created.filter((one) => one === 'owner-full').length, 2)
    for (const [i, { key }] of given.entries()) {
      assert.equal(await t.records.read(key) !== undefined, created[i] === 'created')
    }
    assert.deepEqual(
      await t.records.createMany([t.draft(), t.draft()], { ...UNLIMITED, maxRecords: 0 }), ['full', 'full']
    )
  },

  'records from elsewhere keep their times and versions': async (t) => {
    const now = await t.time()
    const origin = { createdAt: now - 2 * t.unit, usedAt: now - t.unit, version: 7 }
    const draft = t.draft({ idle: 10 * t.unit, absolute: 20 * t.unit, origin })
    assert.deepEqual(await t.records.createMany([draft], UNLIMITED), ['created'])
    const { version, createdAt, usedAt, idle, deadline } = await t.mustRead(draft.key)
    assert.deepEqual({ version, createdAt, usedAt }, origin)
    assert.deepEqual({ idle, deadline }, { idle: 10 * t.unit, deadline: origin.createdAt + 20 * t.unit })
  },

  'a body may change as soon as the call is made': async (t) => {
    const body = bytes('before')
    const draft = t.draft({ body })
    const creating = t.records.createMany([draft], UNLIMITED)
    body.fill(0)
    await creating
    assert.equal(text((await t.mustRead(draft.key)).body), 'before')
  },

  'a call without records is allowed': async (t) => {
    assert.deepEqual(await t.records.createMany([], UNLIMITED), [])
  }
})
