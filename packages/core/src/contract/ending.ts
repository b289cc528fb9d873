import assert from 'node:assert/strict'
import { group } from './group.js'
import { newKey, newName, newOwner } from './names.js'
import { bytes, positions, texts } from './trial.js'

export const ending = group('stream ends', {
  'an ended stream says so when its end is reached': async (t) => {
    const stream = await t.stream()
    await t.events.append(stream, ['a', 'b'].map(bytes))
    assert.equal((await t.mustReadAfter(stream, 0)).ended, false, 'still open')
    assert.equal(await t.events.append(stream, [bytes('c')], { end: true }), 3)
    assert.equal((await t.mustReadAfter(stream, 0, 2)).ended, false, 'one entry is left')
    const whole = await t.mustReadAfter(stream, 0, 3)
    assert.deepEqual([positions(whole), whole.ended], [[1, 2, 3], true])
    const rest = await t.mustReadAfter(stream, 3)
    assert.deepEqual([rest.entries, rest.ended, rest.lost], [[], true, false])
  },

  'an ended stream takes nothing more': async (t) => {
    const stream = await t.stream()
    await t.events.append(stream, [bytes('a')], { end: true })
    assert.equal(await t.events.append(stream, [bytes('b')]), 'ended')
    assert.equal(await t.events.append(stream, [], { end: true }), 'ended')
    assert.deepEqual(texts(await t.mustReadAfter(stream, 0)), ['a'])
  },

  'an append of nothing can end a stream': async (t) => {
    const [open, empty] = [await t.stream(), await t.stream()]
    await t.events.append(open, [bytes('a')])
    assert.equal(await t.events.append(open, [], { end: true }), 1)
    assert.equal((await t.mustReadAfter(open, 1)).ended, true)
    assert.equal(await t.events.append(empty, [], { end: true }), 0)
    const page = await t.mustReadAfter(empty, 0)
    assert.deepEqual([page.entries, page.ended], [[], true])
  },

  'of many appends that end a stream exactly one is taken': async (t) => {
    const stream = await t.stream()
    const results = await Promise.all(Array.from({ length: 10 }, async (_, i) =>
      await (i % 2 ? t.events : t.second.events).append(stream, [bytes(`${i}`)], { end: true })))
    assert.equal(results.filter((result) => result === 1).length, 1)
    assert.equal(results.filter((result) => result === 'ended').length, 9)
    assert.deepEqual(texts(await t.mustReadAfter(stream, 0)), [String(results.indexOf(1))])
  },

  'a record that never existed has no streams': async (t) => {
    const stream = { key: newKey(''), name: newName() }
    assert.equal(await t.events.append(stream, [bytes('a')], { head: bytes('h') }), 'gone')
    assert.equal(await t.events.append(stream, []), 'gone')
    assert.equal(await t.events.readAfter(stream, 0, 10), undefined)
    await t.assertGone(stream.key, 'an append creates no record')
  },

  'removing a record removes its streams': async (t) => {
    const stream = await t.stream()
    await t.events.append(stream, [bytes('a')])
    await t.records.remove(stream.key)
    assert.equal(await t.events.readAfter(stream, 0, 10), undefined)
    assert.equal(await t.events.append(stream, [bytes('b')]), 'gone')
    await t.events.delivered(stream, 1)
    assert.equal(await t.events.readAfter(stream, 0, 10), undefined, 'and nothing brings them back')
    await t.assertGone(stream.key, 'nor the record')
  },

  'an ended stream of a removed record is gone, not ended': async (t) => {
    const stream = await t.stream()
    await t.events.append(stream, [bytes('a')], { end: true })
    await t.records.remove(stream.key)
    assert.equal(await t.events.append(stream, [bytes('b')]), 'gone')
  },

  'removing an owner removes the streams': async (t) => {
    const owner = newOwner()
    const [one, two] = [await t.stream({ owner }), await t.stream({ owner })]
    for (const stream of [one, two]) await t.events.append(stream, [bytes('a')])
    await t.records.removeOwner(owner)
    for (const stream of [one, two]) {
      assert.equal(await t.events.readAfter(stream, 0, 10), undefined)
      assert.equal(await t.events.append(stream, [bytes('b')]), 'gone')
    }
  },

  'the streams of an expired record are gone, claimed or not': async (t) => {
    const stream = { key: await t.createFor(4, 100), name: newName() }
    await t.events.append(stream, [bytes('a')])
    await t.advance(6)
    assert.equal(await t.events.readAfter(stream, 0, 10), undefined)
    assert.equal(await t.events.append(stream, [bytes('b')]), 'gone')
    await t.settle()
    assert.deepEqual(await t.claimAll([stream.key]), [stream.key])
    assert.equal(await t.events.readAfter(stream, 0, 10), undefined)
    assert.equal(await t.events.append(stream, [bytes('c')]), 'gone')
  },

  'a new stream is accepted however many are open, and no open stream is dropped': async (t) => {
    const { key } = await t.stream()
    const names = Array.from({ length: 100 }, newName)
    for (const name of names) assert.equal(await t.events.append({ key, name }, [bytes(name)], { head: bytes('h') }), 1)
    for (const name of names) assert.deepEqual(texts(await t.mustReadAfter({ key, name }, 0)), [name])
  },

  'a stream that has ended makes room before one that is open, the first to end first': async (t) => {
    const { key } = await t.stream()
    const begin = async (): Promise<string> => {
      const name = newName()
      await t.events.append({ key, name }, [bytes(name)])
      return name
    }
    const open = [await begin(), await begin()]
    const begun: string[] = []
    for (let i = 0; i < 6; i++) begun.push(await begin())
    const ended = begun.toReversed()
    for (const name of ended) await t.events.append({ key, name }, [], { end: true })
    for (let i = 0; i < 40; i++) {
      open.push(await begin())
      const kept = await Promise.all(
        ended.map(async name => await t.events.readAfter({ key, name }, 0, 1) !== undefined)
      )
      assert.deepEqual(kept, kept.toSorted((a, b) => Number(a) - Number(b)), 'what ended later is not gone before')
    }
    for (const name of open) assert.deepEqual(texts(await t.mustReadAfter({ key, name }, 0)), [name], 'open')
  },

  'streams live as long as their record is used': async (t) => {
    const stream = { key: await t.createFor(4, 100), name: newName() }
    await t.events.append(stream, [bytes('a')], { head: bytes('h') })
    for (let i = 0; i < 3; i++) {
      await t.advance(2)
      await t.records.touch(stream.key, 1)
    }
    assert.deepEqual(texts(await t.mustReadAfter(stream, 0)), ['a'])
    assert.equal(await t.events.append(stream, [bytes('b')]), 2)
  },

  'appending and reading do not count as use of the record': async (t) => {
    const stream = { key: await t.createFor(4, 100), name: newName() }
    await t.events.append(stream, [bytes('a')])
    await t.advance(3)
    await t.events.append(stream, [bytes('b')])
    await t.events.readAfter(stream, 0, 10)
    await t.events.delivered(stream, 1)
    await t.advance(3)
    await t.assertGone(stream.key, 'unused for six units')
  }
})
