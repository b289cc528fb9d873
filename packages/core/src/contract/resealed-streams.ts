import assert from 'node:assert/strict'
import { group } from './group.js'
import { newName } from './names.js'
import { beginStream, resealed, storedStream } from './stored-stream.js'
import { bytes, hex, plain, text, texts } from './trial.js'
import { overflow } from './trimming.js'

export const resealedStreams = group('resealed streams', {
  'head and entries are stored anew, and nothing else changes': async (t) => {
    const stream = await beginStream(t)
    await t.events.delivered(stream, 1)
    assert.equal(await t.events.reseal(resealed(stream)), true)
    const page = await t.second.events.readAfter(stream, 'undelivered', 10)
    assert.ok(page)
    assert.deepEqual([text(page.head), page.after, texts(page), page.ended], ['*head*', 1, ['*b*', '*c*'], false])
    assert.equal(await t.events.append(stream, [bytes('d')]), 4)
    assert.deepEqual(texts(await t.mustReadAfter(stream, 0)), ['*a*', '*b*', '*c*', 'd'])
  },

  'a stream of a head alone is sealed anew': async (t) => {
    const stream = await t.stream()
    await t.events.append(stream, [], { head: bytes('head') })
    assert.equal(await t.events.reseal(resealed(await storedStream(t, stream))), true)
    assert.equal(text((await t.mustReadAfter(stream, 0)).head), '*head*')
    assert.equal(await t.events.append(stream, [bytes('a')]), 1)
  },

  'a trimmed stream keeps its floor': async (t) => {
    const ref = await t.stream()
    const last = await overflow(t, ref, 1, 4 * t.harness.bounds.entries + 200)
    const stream = await storedStream(t, ref)
    const entries = stream.entries.map(() => bytes('y'))
    assert.equal(await t.events.reseal({ ...stream, entries }), true)
    assert.deepEqual(plain(await storedStream(t, ref)), { ...plain(stream), entries: entries.map(text) })
    assert.equal((await t.mustReadAfter(ref, stream.floor - 1)).lost, true)
    assert.equal(await t.events.append(ref, [bytes('z')]), last + 1)
  },

  'what was delivered meanwhile stays delivered, and what ended stays ended': async (t) => {
    const stream = await beginStream(t)
    await t.events.delivered(stream, 2)
    await t.events.append(stream, [], { end: true })
    assert.equal(await t.events.reseal(resealed(stream)), true)
    assert.deepEqual(plain(await storedStream(t, stream)), { ...plain(resealed(stream)), delivered: 2, ended: true })
    assert.equal(await t.events.append(stream, [bytes('d')]), 'ended')
  },

  'it does not count as use of the record': async (t) => {
    const stream = await beginStream(t, { key: await t.createFor(4, 100), name: newName() })
    await t.advance(3)
    assert.equal(await t.events.reseal(resealed(stream)), true)
    await t.advance(3)
    await t.assertGone(stream.key, 'unused for six units')
  },

  'other streams stay as they are': async (t) => {
    const [key, other] = [await t.create(), await t.create()]
    const stream = await beginStream(t, { key, name: 'a' })
    const others = [await beginStream(t, { key, name: 'ab' }), await beginStream(t, { key: other, name: 'a' })]
    await t.events.reseal(resealed(stream))
    for (const one of others) assert.deepEqual(await storedStream(t, one), one)
  },

  'bodies may become longer or shorter': async (t) => {
    const ref = await t.stream()
    await t.events.append(ref, [bytes('a')])
    for (const length of [65_536, 1, 0, 300]) {
      const body = Uint8Array.from({ length }, (_, i) => i * 7)
      assert.equal(await t.events.reseal({ ...await storedStream(t, ref), entries: [body] }), true)
      const { entries } = await t.mustReadAfter(ref, 0)
      assert.deepEqual(entries.map((entry) => hex(entry.body)), [hex(body)], `${length} bytes`)
    }
  },

  'what a caller does to a stream it passed in changes nothing': async (t) => {
    const stream = resealed(await beginStream(t))
    await t.events.reseal(stream)
    const before = await t.events.streams([stream.key])
    stream.head.fill(0)
    for (const entry of stream.entries) entry.fill(0)
    stream.entries.push(bytes('more'))
    assert.deepEqual(await t.events.streams([stream.key]), before)
  }
})
