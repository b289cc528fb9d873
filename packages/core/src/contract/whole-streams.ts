import assert from 'node:assert/strict'
import { group } from './group.js'
import { newKey, newName } from './names.js'
import { bytes, plain, text } from './trial.js'
import { overflow } from './trimming.js'

export const wholeStreams = group('whole streams', {
  'a stream is returned with everything that is stored of it': async (t) => {
    const stream = await t.stream()
    await t.events.append(stream, ['a', 'b', 'c'].map(bytes), { head: bytes('facts') })
    const stored = { ...stream, head: 'facts', floor: 0, entries: ['a', 'b', 'c'], ended: false, delivered: 0 }
    assert.deepEqual((await t.events.streams([stream.key])).map(plain), [stored])
    await t.events.delivered(stream, 2)
    await t.events.append(stream, [bytes('d')], { end: true })
    assert.deepEqual((await t.second.events.streams([stream.key])).map(plain), [
      { ...stored, entries: ['a', 'b', 'c', 'd'], ended: true, delivered: 2 }
    ])
  },

  'a stream with nothing but a head is returned': async (t) => {
    const [open, ended] = [await t.stream(), await t.stream()]
    await t.events.append(open, [], { head: bytes('facts') })
    await t.events.append(ended, [], { end: true })
    assert.deepEqual((await t.events.streams([open.key])).map(plain), [
      { ...open, head: 'facts', floor: 0, entries: [], ended: false, delivered: 0 }
    ])
    assert.deepEqual((await t.events.streams([ended.key])).map(plain), [
      { ...ended, head: '', floor: 0, entries: [], ended: true, delivered: 0 }
    ])
  },

  'every stream of the keys is returned, and no other': async (t) => {
    const [one, two, without, other] = [await t.create(), await t.create(), await t.create(), await t.create()]
    for (const [key, name] of [[one, 'a'], [one, 'ab'], [two, 'a'], [other, 'a']] as const) {
      await t.events.append({ key, name }, [bytes(key + name)])
    }
    const stored = await t.events.streams([one, newKey(''), without, two])
    const names = stored.map(({ key, name }) => key + name)
    assert.deepEqual(names.toSorted(), [`${one}a`, `${one}ab`, `${two}a`].toSorted())
    for (const { key, name, entries } of stored) assert.deepEqual(entries.map(text), [key + name])
    assert.deepEqual(await t.events.streams([without]), [])
    assert.deepEqual(await t.events.streams([]), [])
  },

  'a dropped or removed stream is not returned': async (t) => {
    const [dropped, removed] = [await t.stream(), await t.stream()]
    for (const stream of [dropped, removed]) await t.events.append(stream, [bytes('a')])
    await t.events.drop(dropped.key)
    await t.records.remove(removed.key)
    assert.deepEqual(await t.events.streams([dropped.key, removed.key]), [])
  },

  'the streams of an expired record are not returned, claimed or not': async (t) => {
    const stream = { key: await t.createFor(4, 100), name: newName() }
    await t.events.append(stream, [bytes('a')])
    await t.advance(6)
    assert.deepEqual(await t.events.streams([stream.key]), [])
    await t.settle()
    await t.claimAll([stream.key])
    assert.deepEqual(await t.events.streams([stream.key]), [])
  },

  'a trimmed stream is returned from its floor on': async (t) => {
    const stream = await t.stream()
    const last = await overflow(t, stream, 1, 4 * t.harness.bounds.entries + 200)
    const { floor } = await t.mustReadAfter(stream, last)
    const [stored] = await t.events.streams([stream.key])
    assert.deepEqual([stored?.floor, stored?.entries.length], [floor, last - floor])
  },

  'returning streams does not count as use of the record, and delivers nothing': async (t) => {
    const stream = { key: await t.createFor(4, 100), name: newName() }
    await t.events.append(stream, [bytes('a')])
    await t.advance(3)
    await t.events.streams([stream.key])
    assert.equal((await t.mustReadAfter(stream, 'undelivered')).after, 0)
    await t.advance(3)
    await t.assertGone(stream.key, 'unused for six units')
  },

  'what a caller does to a returned stream changes nothing': async (t) => {
    const stream = await t.stream()
    await t.events.append(stream, [bytes('event')], { head: bytes('head') })
    for (const stored of await t.events.streams([stream.key])) {
      stored.head.fill(0)
      stored.entries[0]?.fill(0)
      stored.entries.push(bytes('more'))
    }
    const stored = (await t.events.streams([stream.key])).map(plain)
    assert.deepEqual(stored.map(({ head, entries }) => [head, entries]), [['head', ['event']]])
  }
})
