import assert from 'node:assert/strict'
import { group } from './group.js'

export const life = group('life', {
  'says whether it is shared and durable': async ({ backend }) => {
    assert.equal(typeof backend.shared, 'boolean')
    assert.equal(typeof backend.durable, 'boolean')
  },

  'ping resolves': async ({ backend }) => {
    assert.equal(await backend.ping(), undefined)
  },

  'closing twice is harmless': async ({ backend }) => {
    await backend.close()
    await backend.close()
  },

  'another connection sees the same records': async (t) => {
    const key = await t.create()
    assert.deepEqual(await t.second.records.read(key), await t.records.read(key))
    assert.ok(await t.second.records.remove(key))
    await t.assertGone(key, 'removed through the other connection')
  }
})
