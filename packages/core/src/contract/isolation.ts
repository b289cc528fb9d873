import assert from 'node:assert/strict'
import type { StoredRecord } from '../record.js'
import { group } from './group.js'
import { newOwner } from './names.js'
import { bytes, text, texts } from './trial.js'

/** A copy that shares no bytes with the record. */
function snapshot (record: StoredRecord) {
  return { ...record, body: text(record.body) }
}

function vandalize (record: StoredRecord): void {
  record.body.fill(0)
  Object.assign(record, { owner: 'thief', version: 99, usedAt: 0, idle: 1, deadline: 0 })
}

export const isolation = group('isolation', {
  'what a caller does to a record it passed in changes nothing': async (t) => {
    const draft = t.draft({ owner: newOwner(), body: bytes('mine') })
    await t.attempt(draft)
    const before = snapshot(await t.mustRead(draft.key))
    draft.body.fill(0)
    Object.assign(draft, { owner: 'thief', idle: 1, absolute: 1 })
    assert.deepEqual(snapshot(await t.mustRead(draft.key)), before)
  },

  'what a caller does to a body it replaced with changes nothing': async (t) => {
    const key = await t.create()
    const body = bytes('second')
    await t.records.replace(key, 1, body)
    body.fill(0)
    assert.equal(text((await t.mustRead(key)).body), 'second')
  },

  'what a caller does to a record it was given changes nothing': async (t) => {
    const owner = newOwner()
    const key = await t.create({ owner, body: bytes('mine') })
    const before = snapshot(await t.mustRead(key))
    vandalize(await t.mustRead(key))
    assert.deepEqual(snapshot(await t.mustRead(key)), before, 'read')
    const [listed] = (await t.records.list({ owner, limit: 1 })).records
    assert.ok(listed)
    vandalize(listed)
    assert.deepEqual(snapshot(await t.mustRead(key)), before, 'list')
    const touched = await t.records.touch(key, 0)
    assert.ok(touched && touched !== 'current')
    vandalize(touched)
    assert.deepEqual({ ...snapshot(await t.mustRead(key)), usedAt: before.usedAt }, before, 'touch')
  },

  'owners see only what is theirs': async (t) => {
    const [mine, theirs] = [newOwner(), newOwner()]
    const key = await t.create({ owner: mine })
    await t.create({ owner: theirs })
    await t.create({ owner: `${mine}x` })
    await t.create()
    assert.deepEqual((await t.listAll({ owner: mine, limit: 10 })).map((record) => record.key), [key])
    assert.equal(await t.records.count(mine), 1)
    assert.equal(await t.records.count(theirs), 1)
  },

  'what a caller does to an event changes nothing': async (t) => {
    const stream = await t.stream()
    const [body, head] = [bytes('event'), bytes('head')]
    await t.events.append(stream, [body], { head })
    body.fill(0)
    head.fill(0)
    const first = await t.mustReadAfter(stream, 0)
    assert.deepEqual([text(first.head), ...texts(first)], ['head', 'event'], 'passed in')
    first.head.fill(0)
    first.entries[0]?.body.fill(0)
    const second = await t.mustReadAfter(stream, 0)
    assert.deepEqual([text(second.head), ...texts(second)], ['head', 'event'], 'given out')
  }
})
