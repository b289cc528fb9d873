import assert from 'node:assert/strict'
import type { RecordKey } from '../record.js'
import { group } from './group.js'
import { newOwner } from './names.js'
import { bytes } from './trial.js'
import type { Trial } from './trial.js'

/** Creates one record per unit of time, so that the first record is the longest unused. */
async function createInTurn (t: Trial, owner: string, amount: number): Promise<RecordKey[]> {
  const keys: RecordKey[] = []
  for (let i = 0; i < amount; i++) {
    keys.push(await t.create({ owner }))
    await t.advance(1)
  }
  return keys
}

async function idlestOf (t: Trial, owner: string, units: number, limit = 100): Promise<RecordKey[]> {
  return (await t.records.idlest({ owner, unusedFor: units * t.unit, limit })).map(({ key }) => key)
}

export const idlest = group('idlest', {
  'the longest unused come first, at most the requested number': async (t) => {
    const owner = newOwner()
    const keys = await createInTurn(t, owner, 4)
    assert.deepEqual(await idlestOf(t, owner, 0.5), keys)
    assert.deepEqual(await idlestOf(t, owner, 0.5, 2), keys.slice(0, 2))
    assert.deepEqual(await idlestOf(t, owner, 0.5, 1), keys.slice(0, 1), 'asking takes nothing')
    assert.deepEqual(
      await t.second.records.idlest({ owner, unusedFor: 1, limit: 9 }),
      await t.records.idlest({ owner, unusedFor: 1, limit: 9 })
    )
  },

  'a key comes with the last use of its record': async (t) => {
    const owner = newOwner()
    const key = await t.create({ owner })
    await t.advance(1)
    await t.records.touch(key, 1)
    await t.advance(2)
    assert.deepEqual(
      await t.records.idlest({ owner, unusedFor: t.unit, limit: 5 }), [{ key, usedAt: (await t.mustRead(key)).usedAt }]
    )
  },

  'a record is idle only after some time without use': async (t) => {
    const owner = newOwner()
    const keys = await createInTurn(t, owner, 3)
    const [touched, fetched, replaced] = keys as [RecordKey, RecordKey, RecordKey]
    const idle = await t.create({ owner })
    await t.advance(4)
    await t.records.touch(touched, 1)
    await t.records.touch(fetched, 0)
    await t.records.replace(replaced, 1, bytes('x'))
    assert.deepEqual(await idlestOf(t, owner, 2), [idle])
    await t.advance(3)
    assert.deepEqual(
      (await idlestOf(t, owner, 2)).toSorted(), [...keys, idle].toSorted(), 'until nobody uses it any more'
    )
    assert.deepEqual((await idlestOf(t, owner, 2, 1)), [idle])
    assert.deepEqual(await idlestOf(t, owner, 50), [])
  },

  'reading and resealing do not count as use': async (t) => {
    const owner = newOwner()
    const keys = [await t.create({ owner }), await t.create({ owner })]
    await t.advance(3)
    await t.records.read(keys[0] as RecordKey)
    await t.records.reseal(keys[1] as RecordKey, 1, bytes('resealed'))
    assert.deepEqual((await idlestOf(t, owner, 2)).toSorted(), keys.toSorted())
  },

  'only records of the owner count, and records without an owner are a group of their own': async (t) => {
    const [one, two] = [newOwner(), newOwner()]
    const mine = await t.create({ owner: one })
    const theirs = await t.create({ owner: two })
    const long = 1000 * t.unit
    const usedAt = await t.time() - 500 * t.unit
    const nobodys = await t.create({ idle: long, absolute: long, origin: { createdAt: usedAt, usedAt, version: 1 } })
    await t.advance(2)
    assert.deepEqual(await idlestOf(t, one, 1), [mine])
    assert.deepEqual(await idlestOf(t, two, 1), [theirs])
    assert.deepEqual(await idlestOf(t, newOwner(), 1), [])
    const found = await idlestOf(t, '', 400)
    assert.ok(found.includes(nobodys))
    assert.ok(!found.includes(mine) && !found.includes(theirs))
  },

  'an imported record is as idle as it was': async (t) => {
    const owner = newOwner()
    const now = await t.time()
    const draft = (units: number) => ({
      owner,
      idle: 100 * t.unit,
      absolute: 100 * t.unit,
      origin: { createdAt: now - 60 * t.unit, usedAt: now - units * t.unit, version: 2 }
    })
    const keys = [
      await t.create(draft(20)), await t.create(draft(40)), await t.create(draft(30)), await t.create(draft(1)),
      await t.create(draft(50))
    ]
    assert.deepEqual(await idlestOf(t, owner, 10), [4, 1, 2, 0].map((index) => keys[index]))
  },

  'a record that is gone is not idle': async (t) => {
    const owner = newOwner()
    const [removed, released, expired, kept] = [
      await t.create({ owner }),
      await t.create({ owner }),
      await t.createFor(2, 100, { owner }),
      await t.create({ owner })
    ]
    await t.records.remove(removed)
    await t.records.release(released, 1)
    await t.advance(4)
    assert.deepEqual(await idlestOf(t, owner, 1), [kept])
    await t.settle()
    await t.claimAll([expired])
    assert.deepEqual(await idlestOf(t, owner, 1), [kept])
    await t.records.removeOwner(owner)
    assert.deepEqual(await idlestOf(t, owner, 1), [])
  },

  'many records in use hide no idle record': async (t) => {
    const owner = newOwner()
    const keys = await Promise.all(Array.from({ length: 300 }, async () => await t.create({ owner })))
    await t.advance(4)
    const idle = new Set(keys.splice(298))
    await Promise.all(keys.map(async (key) => await t.records.touch(key, 1)))
    const found = new Set<RecordKey>()
    for (let calls = 0; calls < 20 && found.size < idle.size; calls++) {
      for (const key of await idlestOf(t, owner, 2, 5)) found.add(key)
    }
    assert.deepEqual(found, idle)
  }
})

export const exactIdlest = group('idlest', {
  'a record is idle from the exact moment on': async (t) => {
    const owner = newOwner()
    const key = await t.create({ owner })
    await t.advance((t.unit - 1) / t.unit)
    assert.deepEqual(await idlestOf(t, owner, 1), [])
    await t.advance(1 / t.unit)
    assert.deepEqual(await idlestOf(t, owner, 1), [key])
  }
}, ['exactClock'])
