import assert from 'node:assert/strict'
import type { RecordKey, StoredRecord } from '../record.js'
import { group } from './group.js'
import { newKey, newOwner } from './names.js'
import { bytes } from './trial.js'
import type { Trial } from './trial.js'

async function createMany (t: Trial, owner: string, amount: number): Promise<RecordKey[]> {
  return await Promise.all(Array.from({ length: amount }, async () => await t.create({ owner })))
}

function keysAmong (records: StoredRecord[], mine: readonly RecordKey[]): RecordKey[] {
  return records.map((record) => record.key).filter((key) => mine.includes(key))
}

export const listing = group('list', {
  'pages cover every record of an owner once': async (t) => {
    const owner = newOwner()
    const keys = await createMany(t, owner, 10)
    for (const limit of [1, 3, 10, 100]) {
      const listed = await t.listAll({ owner, limit })
      assert.deepEqual(listed.map((record) => record.key).toSorted(), keys.toSorted(), `pages of ${limit}`)
    }
  },

  'pages without an owner cover everybody': async (t) => {
    const keys = [
      ...await createMany(t, newOwner(), 4), ...await createMany(t, newOwner(), 4), ...await createMany(t, '', 4)
    ]
    for (const limit of [3, 100]) {
      assert.deepEqual(keysAmong(await t.listAll({ limit }), keys).toSorted(), keys.toSorted(), `pages of ${limit}`)
    }
  },

  'the order is stable': async (t) => {
    const owner = newOwner()
    const keys = await createMany(t, owner, 8)
    const once = await t.listAll({ owner, limit: 3 })
    for (const key of keys.toReversed()) await t.records.touch(key, 1)
    const again = await t.listAll({ owner, limit: 5 })
    assert.deepEqual(again.map((record) => record.key), once.map((record) => record.key))
  },

  'a listed record is whole': async (t) => {
    const owner = newOwner()
    const key = await t.create({ owner, body: bytes('whole') })
    await t.records.replace(key, 1, bytes('replaced'))
    assert.deepEqual((await t.records.list({ owner, limit: 5 })).records, [await t.mustRead(key)])
  },

  'an owner without records has an empty list': async (t) => {
    assert.deepEqual(await t.listAll({ owner: newOwner(), limit: 5 }), [])
  },

  'removals while paging neither skip nor repeat the others': async (t) => {
    for (const owner of [newOwner(), undefined]) {
      const keys = await createMany(t, owner ?? newOwner(), 12)
      const scope = owner === undefined ? {} : { owner }
      const order = keysAmong(await t.listAll({ ...scope, limit: 100 }), keys)
      const removed = [0, 3, 4, 8].map((index) => order[index] as RecordKey)
      const seen = keysAmong(await t.listAll({ ...scope, limit: 4 }, async (page) => {
        if (page === 0) for (const key of removed) await t.records.remove(key)
      }), keys)
      assert.equal(new Set(seen).size, seen.length, 'nothing twice')
      for (const key of keys) assert.ok(seen.includes(key) || removed.includes(key), 'nothing skipped')
    }
  },

  'the record a page ended with may be removed': async (t) => {
    const owner = newOwner()
    const keys = await createMany(t, owner, 9)
    const seen = await t.listAll({ owner, limit: 4 }, async (_, seen) => {
      for (const { key } of seen.slice(-1)) await t.records.remove(key)
    })
    assert.deepEqual(seen.map((record) => record.key).toSorted(), keys.toSorted())
  },

  'insertions while paging neither skip nor repeat the others': async (t) => {
    const owner = newOwner()
    const keys = await createMany(t, owner, 12)
    let added = 0
    const seen = keysAmong(await t.listAll({ owner, limit: 3 }, async () => {
      if (added++ < 5) {
        await t.create({ owner })
        await t.create({ owner, key: newKey(owner).replace(/\..*/, `.0${added}`) })
      }
    }), keys)
    assert.deepEqual(seen.toSorted(), keys.toSorted())
  },

  'use while paging neither skips nor repeats': async (t) => {
    const owner = newOwner()
    const keys = await createMany(t, owner, 12)
    const seen = (await t.listAll({ owner, limit: 3 }, async (page) => {
      await t.records.touch(keys[page] as RecordKey, 0)
      await t.records.replace(keys[11 - page] as RecordKey, 1, bytes('changed'))
    })).map((record) => record.key)
    assert.deepEqual(seen.toSorted(), keys.toSorted())
  },

  'no cursor shows the records of another owner, and no cursor is an error': async (t) => {
    const [mine, theirs] = [newOwner(), newOwner()]
    await createMany(t, mine, 3)
    await createMany(t, theirs, 6)
    const issued = [{ owner: theirs }, {}].map(async (scope) =>
      (await t.records.list({ ...scope, limit: 2 })).cursor as string)
    const invented = ['', '0', '-1', '9'.repeat(400), 'no cursor', '(\0\r\n[+', '\ud800']
    for (const cursor of [...await Promise.all(issued), ...invented]) {
      const { records } = await t.records.list({ owner: mine, limit: 10, cursor })
      assert.ok(records.every((record) => record.owner === mine), JSON.stringify(cursor))
      await t.records.list({ limit: 10, cursor })
    }
  },

  'removing an owner during the paging ends the list': async (t) => {
    const owner = newOwner()
    await createMany(t, owner, 8)
    const seen = await t.listAll({ owner, limit: 3 }, async () => { await t.records.removeOwner(owner) })
    assert.ok(seen.length <= 3)
  }
})
