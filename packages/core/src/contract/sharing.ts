import assert from 'node:assert/strict'
import { group } from './group.js'
import { bytes, text, texts } from './trial.js'

export const sharing = group('sharing', {
  'another connection sees the same records': async (t) => {
    const key = await t.create()
    assert.deepEqual(await t.second.records.read(key), await t.records.read(key))
    assert.ok(await t.second.records.remove(key))
    await t.assertGone(key, 'removed through the other connection')
    assert.deepEqual(await t.records.removed([key]), [key])
  },

  'of two connections that replace one version, one succeeds': async (t) => {
    const key = await t.create()
    assert.equal(await t.records.touch(key, 1), 'current')
    const outcomes = await Promise.all([t.records, t.second.records].map(
      async (records, i) => await records.replace(key, 1, bytes(`${i}`))
    ))
    assert.deepEqual(outcomes.filter((outcome) => outcome === 2).length, 1)
    const winner = outcomes.indexOf(2)
    for (const records of [t.records, t.second.records]) {
      const record = await records.touch(key, 1)
      assert.ok(record !== 'current' && record !== undefined, 'the old version is not current')
      assert.equal(text(record.body), `${winner}`)
    }
  },

  'a use through one connection keeps a record alive for the other': async (t) => {
    const key = await t.createFor(6, 100)
    await t.assertAlive(key, 'created')
    await t.advance(4)
    assert.equal(await t.second.records.touch(key, 1), 'current')
    await t.advance(4)
    await t.assertAlive(key, 'used four units ago, through the other connection')
  },

  'two connections append to one stream': async (t) => {
    const stream = await t.stream()
    assert.equal(await t.events.append(stream, [bytes('a')]), 1)
    assert.equal(await t.second.events.append(stream, [bytes('b')]), 2)
    await t.second.events.delivered(stream, 1)
    assert.equal(await t.events.append(stream, [bytes('c')], { end: true }), 3)
    assert.equal(await t.second.events.append(stream, [bytes('d')]), 'ended')
    const page = await t.mustReadAfter(stream, 'undelivered')
    assert.equal(page.after, 1)
    assert.deepEqual(texts(page), ['b', 'c'])
  }
}, ['second'])
