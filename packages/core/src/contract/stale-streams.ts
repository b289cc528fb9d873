import assert from 'node:assert/strict'
import type { StoredStream } from '../backend.js'
import { group } from './group.js'
import { newKey, newName } from './names.js'
import { beginStream, resealed, storedStream } from './stored-stream.js'
import type { Trial } from './trial.js'
import { bytes, text, texts } from './trial.js'
import { overflow } from './trimming.js'

async function refuses (t: Trial, stream: StoredStream): Promise<void> {
  const before = await t.events.streams([stream.key])
  assert.equal(await t.events.reseal(resealed(stream)), false)
  assert.deepEqual(await t.events.streams([stream.key]), before)
}

export const staleStreams = group('stale streams', {
  'it is refused after an append': async (t) => {
    const stream = await beginStream(t)
    await t.events.append(stream, [bytes('d')])
    await refuses(t, stream)
  },

  'it is refused after an append that trimmed': async (t) => {
    const ref = await t.stream()
    await overflow(t, ref, 1, 4 * t.harness.bounds.entries + 200)
    const stream = await storedStream(t, ref)
    for (let floor = stream.floor; floor === stream.floor;) {
      await t.events.append(ref, [bytes('x')])
      floor = (await storedStream(t, ref)).floor
    }
    await refuses(t, stream)
  },

  'other positions are refused': async (t) => {
    const stream = await beginStream(t)
    await refuses(t, { ...stream, floor: 1 })
    await refuses(t, { ...stream, floor: 1, entries: stream.entries.slice(1) })
    await refuses(t, { ...stream, entries: stream.entries.slice(1) })
    await refuses(t, { ...stream, entries: [] })
    await refuses(t, { ...stream, entries: [...stream.entries, bytes('d')] })
  },

  'an append at the same time is not lost, and nothing is half done': async (t) => {
    const streams = await Promise.all(Array.from({ length: 10 }, async () => await beginStream(t)))
    await Promise.all(streams.map(async (stream, i) => {
      const append = async () => { assert.equal(await t.second.events.append(stream, [bytes('d')]), 4) }
      const reseal = async () => await t.events.reseal(resealed(stream))
      const [done] = i % 2
        ? await Promise.all([reseal(), append()])
        : (await Promise.all([append(), reseal()])).toReversed()
      const entries = done ? ['*a*', '*b*', '*c*', 'd'] : ['a', 'b', 'c', 'd']
      const page = await t.mustReadAfter(stream, 0)
      assert.deepEqual([text(page.head), texts(page)], [done ? '*head*' : 'head', entries])
    }))
  },

  'a missing stream is refused, and not created': async (t) => {
    const stream = await beginStream(t)
    await refuses(t, { ...stream, name: newName() })
    await refuses(t, { ...stream, key: newKey('') })
    await t.events.drop(stream.key)
    await refuses(t, stream)
    const removed = await beginStream(t)
    await t.records.remove(removed.key)
    await refuses(t, removed)
    await t.assertGone(removed.key, 'nor does it revive a record')
  },

  'the stream of an expired record is refused': async (t) => {
    const stream = await beginStream(t, { key: await t.createFor(4, 100), name: newName() })
    await t.advance(6)
    await refuses(t, stream)
  }
})
