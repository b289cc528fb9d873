import assert from 'node:assert/strict'
import type { RecordStore } from '../backend.js'
import type { RecordKey } from '../record.js'
import { group } from './group.js'
import { bytes, text } from './trial.js'

async function increment (store: RecordStore, key: RecordKey): Promise<void> {
  for (;;) {
    const record = await store.read(key)
    assert.ok(record, 'readable among writers')
    const result = await store.replace(key, record.version, bytes(String(Number(text(record.body)) + 1)))
    assert.notEqual(result, 'gone')
    if (result !== 'conflict') return
  }
}

export const replacement = group('compare and set', {
  'a stale version is a conflict and changes nothing': async (t) => {
    const key = await t.create()
    assert.equal(await t.records.replace(key, 1, bytes('second')), 2)
    assert.equal(await t.records.replace(key, 1, bytes('stale')), 'conflict')
    assert.equal(await t.records.replace(key, 0, bytes('stale')), 'conflict')
    const record = await t.mustRead(key)
    assert.equal(record.version, 2)
    assert.equal(text(record.body), 'second')
  },

  'a version from the future is a conflict': async (t) => {
    const key = await t.create({ body: bytes('first') })
    assert.equal(await t.records.replace(key, 2, bytes('x')), 'conflict')
    assert.equal(text((await t.mustRead(key)).body), 'first')
  },

  'of many writers of one version exactly one wins': async (t) => {
    const key = await t.create()
    const results = await Promise.all(Array.from({ length: 20 }, async (_, i) =>
      await (i % 2 ? t.records : t.second.records).replace(key, 1, bytes(String(i)))))
    assert.equal(results.filter((result) => result === 'conflict').length, 19)
    const winner = results.indexOf(2)
    const record = await t.mustRead(key)
    assert.equal(record.version, 2)
    assert.equal(text(record.body), String(winner))
  },

  'fifty concurrent increments end at exactly fifty': async (t) => {
    const key = await t.create({ body: bytes('0') })
    await Promise.all(Array.from({ length: 50 }, async (_, i) =>
      await increment(i % 2 ? t.records : t.second.records, key)))
    const record = await t.mustRead(key)
    assert.equal(text(record.body), '50')
    assert.equal(record.version, 51)
  }
})
