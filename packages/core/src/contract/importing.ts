import assert from 'node:assert/strict'
import type { StoredStream } from '../backend.js'
import { group } from './group.js'
import { newKey } from './names.js'
import { importedStream, streamToImport } from './stream-to-import.js'
import type { Trial } from './trial.js'
import { bytes, plain, positions, texts } from './trial.js'

async function refuses (t: Trial, stream: StoredStream): Promise<void> {
  assert.equal(await t.events.importStream(stream), false)
  assert.equal(await t.events.readAfter(stream, 0, 10), undefined)
  await t.assertGone(stream.key, 'a stream revives no record')
}

export const importing = group('importing', {
  'an existing stream is not touched': async (t) => {
    for (const end of [false, true]) {
      const stream = await t.stream()
      await t.events.append(stream, [bytes('a')], { head: bytes('mine'), end })
      const before = await t.events.streams([stream.key])
      assert.equal(await t.events.importStream(streamToImport(stream.key, stream)), false)
      assert.deepEqual(await t.events.streams([stream.key]), before)
    }
  },

  'of many imports of one stream exactly one succeeds': async (t) => {
    const stream = streamToImport(await t.create())
    const results = await Promise.all(Array.from({ length: 10 }, async (_, i) => {
      const { events } = i % 2 ? t : t.second
      return await events.importStream({ ...stream, floor: i, entries: [bytes(`${i}`)], delivered: i })
    }))
    assert.equal(results.filter(Boolean).length, 1)
    const winner = results.indexOf(true)
    assert.deepEqual((await t.events.streams([stream.key])).map(plain), [
      { ...plain(stream), floor: winner, entries: [`${winner}`], delivered: winner }
    ])
  },

  'a missing record takes no stream': async (t) => {
    await refuses(t, streamToImport(newKey('')))
    const key = await t.create()
    await t.records.remove(key)
    await refuses(t, streamToImport(key))
  },

  'a record that has expired takes no stream, claimed or not': async (t) => {
    const key = await t.createFor(4, 100)
    await t.advance(6)
    await refuses(t, streamToImport(key))
    await t.settle()
    await t.claimAll([key])
    await refuses(t, streamToImport(key))
  },

  'imported streams go with their record': async (t) => {
    const removed = await importedStream(t)
    await t.records.remove(removed.key)
    const expired = streamToImport(await t.createFor(4, 100))
    assert.equal(await t.events.importStream(expired), true)
    await t.advance(6)
    for (const stream of [removed, expired]) {
      assert.equal(await t.events.readAfter(stream, 5, 10), undefined)
      assert.equal(await t.events.append(stream, [bytes('h')]), 'gone')
    }
  },

  'a new record of the key does not find imported streams': async (t) => {
    const stream = streamToImport(await t.createFor(4, 100))
    await t.events.importStream(stream)
    await t.advance(6)
    await t.settle()
    await t.claimAll([stream.key])
    await t.create({ key: stream.key })
    assert.deepEqual(await t.events.streams([stream.key]), [])
    assert.equal(await t.events.append(stream, [bytes('a')]), 1)
  },

  'imported streams live as long as their record is used': async (t) => {
    const stream = streamToImport(await t.createFor(4, 100))
    await t.events.importStream(stream)
    for (let i = 0; i < 3; i++) {
      await t.advance(2)
      await t.records.touch(stream.key, 1)
    }
    assert.deepEqual(texts(await t.mustReadAfter(stream, 5)), ['f', 'g'])
  },

  'importing does not count as use of the record': async (t) => {
    const key = await t.createFor(4, 100)
    await t.advance(3)
    assert.equal(await t.events.importStream(streamToImport(key)), true)
    await t.advance(3)
    await t.assertGone(key, 'unused for six units')
  },

  'a dropped stream can be imported': async (t) => {
    const stream = await importedStream(t)
    await t.events.drop(stream.key)
    assert.equal(await t.events.readAfter(stream, 5, 10), undefined)
    assert.equal(await t.events.importStream({ ...stream, floor: 8 }), true)
    assert.deepEqual(positions(await t.mustReadAfter(stream, 8)), [9, 10])
  }
})
