import assert from 'node:assert/strict'
import type { RecordKey } from '../record.js'
import { group } from './group.js'
import { newOwner } from './names.js'
import { bytes, text } from './trial.js'
import type { Trial } from './trial.js'

async function createShort (t: Trial, amount: number): Promise<RecordKey[]> {
  return await Promise.all(Array.from({ length: amount }, async () => await t.createFor(4, 100)))
}

export const claims = group('claims', {
  'an expired record is handed out whole, once': async (t) => {
    const owner = newOwner()
    const key = await t.createFor(4, 100, { owner, body: bytes('first words') })
    await t.records.replace(key, 1, bytes('last words'))
    const before = await t.mustRead(key)
    await t.advance(6)
    await t.settle()
    const claimed = (await t.records.claimExpired(1000)).records.filter((record) => record.key === key)
    assert.deepEqual(claimed, [before])
    assert.equal(text(before.body), 'last words')
    assert.deepEqual(await t.claimAll([key]), [], 'not a second time')
  },

  'nothing alive is handed out': async (t) => {
    const keys = await createShort(t, 5)
    await t.advance(2)
    assert.deepEqual(await t.claimAll(keys), [])
    for (const key of keys) await t.assertAlive(key, 'not claimed')
  },

  'a claimed record is gone': async (t) => {
    const owner = newOwner()
    const key = await t.createFor(2, 100, { owner })
    await t.advance(4)
    await t.settle()
    assert.deepEqual(await t.claimAll([key]), [key])
    await t.assertGone(key, 'claimed')
    assert.equal(await t.records.touch(key, 1), undefined)
    assert.equal(await t.records.replace(key, 1, bytes('x')), 'gone')
    assert.equal(await t.records.remove(key), undefined)
    assert.equal(await t.records.count(owner), 0)
    assert.deepEqual(await t.listAll({ owner, limit: 10 }), [])
  },

  'a used record is claimed when its new time has come, not before': async (t) => {
    const keys = await createShort(t, 3)
    const [touched, replaced] = keys as [RecordKey, RecordKey]
    await t.advance(3)
    await t.records.touch(touched, 1)
    await t.records.replace(replaced, 1, bytes('x'))
    await t.advance(2)
    const early = await t.claimAll(keys)
    assert.ok(!early.includes(touched) && !early.includes(replaced), 'used two units ago')
    await t.advance(4)
    await t.settle()
    assert.deepEqual([...early, ...await t.claimAll(keys)].toSorted(), keys.toSorted())
  },

  'a record past its absolute limit is claimed however much it was used': async (t) => {
    const key = await t.createFor(4, 6)
    for (let i = 0; i < 2; i++) {
      await t.advance(2)
      await t.records.touch(key, 1)
      assert.deepEqual(await t.claimAll([key]), [])
    }
    await t.advance(3)
    await t.settle()
    assert.deepEqual(await t.claimAll([key]), [key])
  },

  'a removed record is never claimed': async (t) => {
    const owner = newOwner()
    const removed = await t.createFor(2, 100)
    const revoked = await t.createFor(2, 100, { owner })
    const expired = await t.createFor(2, 100)
    await t.records.remove(removed)
    await t.records.removeOwner(owner)
    await t.advance(4)
    await t.settle()
    assert.deepEqual(await t.claimAll([removed, revoked, expired]), [expired])
  },

  'concurrent claimers get each record exactly once': async (t) => {
    const keys = await createShort(t, 60)
    await t.advance(6)
    await t.settle()
    const claimed = await Promise.all(Array.from({ length: 10 }, async (_, i) => {
      const mine: RecordKey[] = []
      for (let more = true; more;) {
        const page = await (i % 2 ? t.records : t.second.records).claimExpired(7)
        mine.push(...page.records.map((record) => record.key))
        more = page.more
      }
      return mine
    }))
    const all = claimed.flat().filter((key) => keys.includes(key))
    assert.deepEqual(all.toSorted(), keys.toSorted())
  },

  'a claim is bounded and says when others look due': async (t) => {
    const keys = await createShort(t, 10)
    await t.advance(6)
    await t.settle()
    const first = await t.records.claimExpired(3)
    assert.ok(first.records.length <= 3, 'no more than the limit')
    assert.equal(first.more, true)
    const rest = await t.claimAll(keys, 3)
    const claimed = [...first.records.map((record) => record.key).filter((key) => keys.includes(key)), ...rest]
    assert.deepEqual(claimed.toSorted(), keys.toSorted())
    assert.equal((await t.records.claimExpired(3)).more, false, 'and when none does')
  },

  'records in use do not keep a claim going for ever': async (t) => {
    const keys = await createShort(t, 10)
    await t.advance(3)
    for (const key of keys) await t.records.touch(key, 1)
    await t.advance(2)
    assert.deepEqual(await t.claimAll(keys, 3), [])
    for (const key of keys) await t.assertAlive(key, 'used two units ago')
    await t.advance(4)
    await t.settle()
    assert.deepEqual((await t.claimAll(keys, 3)).toSorted(), keys.toSorted())
  },

  'records of every lifetime are claimed, in any order of their creation': async (t) => {
    const keys: RecordKey[] = []
    for (const idle of [8, 2, 5, 3, 7]) keys.push(await t.createFor(idle, 100))
    await t.advance(6)
    await t.settle()
    const early = await t.claimAll(keys)
    for (const index of [1, 2, 3]) assert.ok(early.includes(keys[index] as RecordKey))
    const late = await t.createFor(2, 100)
    await t.advance(4)
    await t.settle()
    const rest = await t.claimAll([...keys, late])
    assert.deepEqual([...early, ...rest].toSorted(), [...keys, late].toSorted())
  }
})
